"""Whom and which mail it is about that a provider, or a mail that came back, tells something of.

By the metadata that we gave along, where delivery and Message-ID belong together, or by a mark that we signed; by the
provider's own name for the mail; by the Message-ID among the mails of whoever is written to; at last by the address
alone, which is as much as a bounce or complaint needs. What was told of another installation's mail (two may share an
account) is nobody's here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

from service.domain.contact import Address, BadAddress, address_hash, read_address
from service.domain.feedback import Feedback
from service.store.bulk import listed
from service.store.contact import find_by_key
from service.store.delivery import NAMED

MOST = 2**63  # ids that are none of ours can't be asked for either

MAIL = "SELECT id, contact_id, staff_to IS NOT NULL, message_id, provider_id FROM delivery"
BY_ID = text(f"{MAIL} WHERE id = ANY(CAST(:ids AS bigint[]))")
BY_PROVIDER_ID = text(  # with the condition of its index, as the index has it
    f"{MAIL} WHERE provider_id = ANY(CAST(:names AS text[])) AND provider = :provider AND {NAMED}"
)
BY_MESSAGE_ID = text(
    f"{MAIL} WHERE contact_id = ANY(CAST(:ids AS bigint[])) AND message_id = ANY(CAST(:names AS text[]))"
)


class Mail(NamedTuple):
    """A delivery, as far as it takes to tell that it is meant."""

    id: int
    contact_id: int
    is_staff: bool
    message_id: str
    provider_id: str | None


@dataclass(frozen=True, slots=True)
class Heard:
    """One thing that was told, by whom and when it came."""

    provider: str
    account: str
    at: datetime
    told: Feedback


@dataclass(slots=True)
class Matched:
    """The same with what is known of it here. `is_staff`: the mail was a colleague's, so that nothing of it is about
    the contact. `is_foreign`: its metadata are another installation's."""

    heard: Heard
    contact_id: int | None = None
    delivery_id: int | None = None
    is_staff: bool = False
    is_foreign: bool = False

    @property
    def told(self) -> Feedback:
        return self.heard.told


def match(session: Session, heard: Sequence[Heard]) -> list[Matched]:
    """Each with the mail and the contact that are meant, where they can be found, in the order given."""
    matched = [Matched(each) for each in heard]
    _by_metadata(session, matched)
    _by_provider_id(session, _left(matched))
    _by_recipient(session, _left(matched))
    return matched


def recipient_of(told: Feedback) -> Address | None:
    """The address that was spoken of; None where none was, or it isn't one (some providers black it out)."""
    try:
        return read_address(told.recipient) if told.recipient else None
    except BadAddress:
        return None


def hash_of(told: Feedback, hash_key: bytes) -> bytes | None:
    """The name under which that address is suppressed."""
    address = recipient_of(told)
    return address_hash(hash_key, address.key) if address else None


def _left(matched: Iterable[Matched]) -> list[Matched]:
    return [each for each in matched if each.contact_id is None and not each.is_foreign]


def _by_metadata(session: Session, matched: Sequence[Matched]) -> None:
    ids = {each.told.delivery_id for each in matched if each.told.delivery_id and 0 < each.told.delivery_id < MOST}
    found = {mail.id: mail for mail in _mails(session, BY_ID, ids=listed(ids))} if ids else {}
    for each in matched:
        mail = found.get(each.told.delivery_id or 0)
        if mail is None or not (each.told.message_id or each.told.is_marked):
            continue
        if each.told.is_marked or mail.message_id == _written(each.told.message_id):
            _note(each, mail)
        else:
            each.is_foreign = True


def _by_provider_id(session: Session, matched: Sequence[Matched]) -> None:
    named: dict[str, list[Matched]] = defaultdict(list)
    for each in matched:
        if each.told.provider_id:
            named[each.heard.provider].append(each)
    for provider, those in named.items():
        names = sorted({each.told.provider_id for each in those})
        found = {mail.provider_id: mail for mail in _mails(session, BY_PROVIDER_ID, names=names, provider=provider)}
        for each in those:
            _note(each, found.get(each.told.provider_id))


def _by_recipient(session: Session, matched: Sequence[Matched]) -> None:
    addresses = [(each, address) for each in matched if (address := recipient_of(each.told)) is not None]
    if not addresses:
        return
    people = find_by_key(session, {address.key for _, address in addresses})
    for each, address in addresses:
        each.contact_id = people.get(address.key)
    known = [each for each, _ in addresses if each.contact_id is not None and each.told.message_id]
    if not known:
        return
    names = sorted({_written(each.told.message_id) for each in known})
    ids = listed({each.contact_id for each in known if each.contact_id is not None})
    found = {(mail.contact_id, mail.message_id): mail for mail in _mails(session, BY_MESSAGE_ID, ids=ids, names=names)}
    for each in known:
        _note(each, found.get((each.contact_id or 0, _written(each.told.message_id))))


def _note(each: Matched, mail: Mail | None) -> None:
    if mail is not None:
        each.contact_id, each.delivery_id, each.is_staff = mail.contact_id, mail.id, mail.is_staff


def _mails(session: Session, statement: TextClause, **values: str | Sequence[str]) -> list[Mail]:
    return [Mail._make(row) for row in session.connection().execute(statement, values)]


def _written(message_id: str) -> str:
    """As a delivery has it."""
    return f"<{message_id}>"
