"""A light reader of a Maildir of any content: whatever a mail holds, its summary and its parts come out as text.

The parser is the standard library's older one (compat32), which never refuses a mail; everything that it leaves
undecoded is decoded here, with replacement characters rather than errors.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from email.parser import BytesHeaderParser
from email.utils import parseaddr
from functools import lru_cache
from pathlib import Path

LOOKED_AT = 2_000  # the newest mails; the keeper of the Maildir holds no more
HEAD_BYTES = 64 * 1024  # of a mail, for its summary
MAIL_BYTES = 30 * 1024 * 1024  # of a mail, for its parts
KEPT_SUMMARIES = 4 * LOOKED_AT

# As `mailbox.Maildir` names files, without the flags behind the colon; no path can be made of it.
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9.,=_+-]{0,199}")


@dataclass(frozen=True, slots=True)
class Summary:
    """What the list shows. Times are aware; `journey_at` is None where time runs at its own speed.

    `person` is a short name for the recipient that can stand in a URL, where no address may.
    """

    id: str
    to: str
    sender: str
    subject: str
    message_id: str
    journey_at: datetime | None
    received_at: datetime

    @property
    def at(self) -> datetime:
        """When it happened in the story."""
        return self.journey_at or self.received_at

    @property
    def address(self) -> str:
        return parseaddr(self.to)[1] or self.to

    @property
    def person(self) -> str:
        return hashlib.sha256(self.address.lower().encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class Attachment:
    """A part that is neither of the two bodies. `size` is in bytes."""

    name: str
    content_type: str
    size: int


@dataclass(frozen=True, slots=True)
class Mail:
    """A whole mail: headers in their order, decoded; each body None where there is none."""

    headers: tuple[tuple[str, str], ...]
    html: str | None
    text: str | None
    attachments: tuple[Attachment, ...]


def read_summaries(folder: Path) -> list[Summary]:
    """The newest mails, the newest first; none where nothing ever arrived."""
    files = sorted(_files(folder), key=lambda file: file[1:], reverse=True)[:LOOKED_AT]
    found = (_summary(path, at) for path, at, _ in files)
    return sorted(found, key=lambda each: (each.at, each.received_at, each.id), reverse=True)


def find(folder: Path, mail_id: str) -> Path | None:
    """The file of a mail; None for an unknown id, or one that is none."""
    if not NAME.fullmatch(mail_id):
        return None
    return next((path for path, _, name in _files(folder) if name == mail_id), None)


def read_mail(path: Path) -> Mail:
    """The parts of a mail. Raises OSError where the file has just gone."""
    with path.open("rb") as file:
        message = message_from_bytes(file.read(MAIL_BYTES))
    html, text, attachments = None, None, []
    for part in message.walk():
        content_type = part.get_content_type()
        if part.is_multipart():
            continue
        inline = part.get_content_disposition() != "attachment"
        if inline and content_type == "text/html" and html is None:
            html = _text(part)
        elif inline and content_type == "text/plain" and text is None:
            text = _text(part)
        else:
            attachments.append(Attachment(_decoded(part.get_filename() or ""), content_type, len(_content(part))))
    headers = tuple((name, _decoded(value)) for name, value in message.raw_items())
    return Mail(headers, html, text, tuple(attachments))


def _files(folder: Path) -> Iterator[tuple[Path, int, str]]:
    """Path, arrival in nanoseconds, id of every mail; those that vanish meanwhile are passed."""
    for part in ("new", "cur"):
        try:
            entries = list(os.scandir(folder / part))
        except FileNotFoundError:
            continue
        for entry in entries:
            name = entry.name.partition(":")[0]
            try:
                if NAME.fullmatch(name):
                    yield Path(entry.path), entry.stat().st_mtime_ns, name
            except FileNotFoundError:
                continue


@lru_cache(maxsize=KEPT_SUMMARIES)
def _summary(path: Path, arrived: int) -> Summary:
    """A file of a Maildir never changes, so it is read once."""
    try:
        with path.open("rb") as file:
            head = BytesHeaderParser().parsebytes(file.read(HEAD_BYTES))
    except FileNotFoundError:
        head = Message()
    received_at = datetime.fromtimestamp(arrived / 1e9, UTC)
    return Summary(
        id=path.name.partition(":")[0],
        to=_header(head, "to") or _header(head, "delivered-to"),
        sender=_header(head, "from"),
        subject=_header(head, "subject"),
        message_id=_header(head, "message-id"),
        journey_at=_instant(_header(head, "x-everafter-journey-time")),
        received_at=received_at,
    )


def _header(message: Message, name: str) -> str:
    return next((_decoded(value) for key, value in message.raw_items() if key.lower() == name), "")


def _decoded(value: object) -> str:
    """A header value in Unicode on one line, encoded words read (RFC 2047), whatever is broken in it replaced."""
    raw = str(value).encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    try:
        # `decode_header` hides what was not encoded in raw-unicode-escape, once anything else was.
        parts = [
            part if isinstance(part, str) else part.decode(charset or "raw-unicode-escape", "replace")
            for part, charset in decode_header(raw)
        ]
    except (HeaderParseError, LookupError, ValueError):
        parts = [raw]
    return " ".join("".join(parts).split())


def _content(part: Message) -> bytes:
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""


def _text(part: Message) -> str:
    content = _content(part)
    try:
        return content.decode(part.get_content_charset() or "utf-8", "replace")
    except LookupError:
        return content.decode("utf-8", "replace")


def _instant(text: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(text)
        at = at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
    # So far from the ends of the calendar that it can be shown in any zone.
    return at if 1900 < at.year < 9900 else None
