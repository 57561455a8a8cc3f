"""The development mailbox keeps no mail of anybody who was forgotten."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from email.parser import BytesHeaderParser
from itertools import islice
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.store.delivery import Delivery

HEAD_BYTES = 64 * 1024  # of a mail: as much as its header fields ever take
AT_ONCE = 500  # mails that are asked about in one statement
OURS = "Auto-Submitted"  # together with a Message-ID it is on every mail that has a delivery
TEST = "X-Everafter-Test"  # a mail of `send-test` never had one


def forget_copies(session: Session, folder: Path, also: Collection[str] = ()) -> int:
    """Remove the mails from a Maildir whose deliveries are gone; how many. What is none of our mails stays. `also`:
    Message-IDs of mails to others that name somebody who was forgotten.

    A delivery is written before its mail leaves, so that no mail is met here before its row.
    """
    gone, mails = 0, _mails(folder)
    while some := list(islice(mails, AT_ONCE)):
        names = {message_id for message_id, _ in some}
        known = set(session.scalars(select(Delivery.message_id).where(Delivery.message_id.in_(names))))
        for message_id, path in some:
            if message_id not in known or message_id in also:
                path.unlink(missing_ok=True)
                gone += 1
    return gone


def _mails(folder: Path) -> Iterator[tuple[str, Path]]:
    """Each of our mails with its Message-ID."""
    for path in (each for part in ("new", "cur") for each in (folder / part).glob("*")):
        try:
            with path.open("rb") as file:
                head = BytesHeaderParser().parsebytes(file.read(HEAD_BYTES))
        except FileNotFoundError:  # thrown away meanwhile
            continue
        message_id = str(head.get("Message-ID", "")).strip()
        if message_id and head.get(OURS) is not None and head.get(TEST) is None:
            yield message_id, path
