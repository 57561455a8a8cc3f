"""Whom and which mail it is about that a provider, or a mail that came back, tells something of.

By the metadata that we gave along, where delivery and Message-ID belong together, or by a mark that we signed; by the
provider's own name for the mail; by the Message-ID among the mails of whoever is written to; at last by the address
alone, which is as much as a bounce or complaint needs. What was told of another installation's mail (two may share an
account) is nobody's here.

Some providers put a Message-ID of their own in place of ours. It is their name for the mail (Brevo), or begins with it
(Amazon SES: ID@REGION.amazonses.com), or they tell it later, and it is learned then (Resend). Nothing but a person's
own mails is ever looked through for it, so it has no index.
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
from service.domain.feedback import Feedback, What
from service.store.bulk import document, listed
from service.store.contact import find_by_key
from service.store.delivery import NAMED

MOST = 2**63  # ids that are none of ours can't be asked for either

MAIL = "SELECT id, contact_id, staff_to IS NOT NULL, message_id, provider_id, known_as FROM delivery"
BY_ID = text(f"{MAIL} WHERE id = ANY(CAST(:ids AS bigint[]))")
BY_PROVIDER_ID = text(  # with the condition of its index, as the index has it
    f"{MAIL} WHERE provider_id = ANY(CAST(:names AS text[])) AND provider = :provider AND {NAMED}"
)
OF_THEM = text(
    f"""
    {MAIL} WHERE contact_id = ANY(CAST(:ids AS bigint[])) AND (
        message_id = ANY(CAST(:names AS text[])) OR known_as = ANY(CAST(:bare AS text[]))
        OR provider_id = ANY(CAST(:bare AS text[])) AND {NAMED} OR id = ANY(CAST(:linked AS bigint[])))
    ORDER BY id
    """
)
LEARN = text(
    """
    UPDATE delivery SET known_as = learned.known_as
    FROM json_to_recordset(CAST(:learned AS json)) AS learned (id bigint, known_as text)
    WHERE delivery.id = learned.id AND delivery.known_as IS NULL
    """
)


class Mail(NamedTuple):
    """A delivery, as far as it takes to tell that it is meant."""

    id: int
    contact_id: int
    is_staff: bool
    message_id: str
    provider_id: str | None
    known_as: str | None

    @property
    def names(self) -> set[str]:
        """The Message-IDs it may have left with, without brackets, and what begins them."""
        return {self.message_id.strip("<>"), self.provider_id or "", self.known_as or ""} - {""}


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
    the contact. `is_foreign`: its metadata are another installation's, or it names no mail that it could be about.
    `known_as`: the Message-ID that the mail is known to have left with."""

    heard: Heard
    contact_id: int | None = None
    delivery_id: int | None = None
    is_staff: bool = False
    is_foreign: bool = False
    known_as: str | None = None

    @property
    def told(self) -> Feedback:
        return self.heard.told


def match(session: Session, heard: Sequence[Heard]) -> list[Matched]:
    """Each with the mail and the contact that are meant, where they can be found, in the order given."""
    matched = [Matched(each) for each in heard]
    _by_metadata(session, matched)
    _by_provider_id(session, _left(matched))
    _by_recipient(session, _left(matched))
    for each in matched:
        if each.told.is_claimed and each.delivery_id is None:  # who writes to us is known all the same
            each.contact_id, each.is_foreign = each.contact_id if each.told.what is What.REPLIED else None, True
    return matched


def learn_names(session: Session, matched: Sequence[Matched]) -> None:
    """Keep the Message-IDs that mails turn out to have left with. The contacts are locked; the caller commits."""
    told = {each.delivery_id: each.told.known_as for each in matched if each.told.known_as and each.known_as is None}
    rows = [{"id": number, "known_as": name} for number, name in told.items() if number is not None]
    if rows:
        session.connection().execute(LEARN, {"learned": document(rows)})


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
    ids = _ids([each for each in matched if not each.told.is_claimed])
    found = {mail.id: mail for mail in _mails(session, BY_ID, ids=listed(ids))} if ids else {}
    for each in matched:
        mail = found.get(each.told.delivery_id or 0)
        if mail is None or each.told.is_claimed or not (each.told.message_id or each.told.is_marked):
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
    _by_name(session, [each for each, _ in addresses if each.contact_id is not None])


def _by_name(session: Session, matched: Sequence[Matched]) -> None:
    """Which of their mails is meant, where one is named."""
    named = [each for each in matched if each.told.message_id or each.told.is_claimed]
    if not named:
        return
    bare = {name for each in named for name in _names(each.told)}
    people = {each.contact_id for each in named if each.contact_id is not None}
    linked = _ids([each for each in named if each.told.is_claimed])
    values = {"names": sorted(map(_written, bare)), "bare": sorted(bare), "linked": listed(linked)}
    theirs: dict[int | None, list[Mail]] = defaultdict(list)
    for mail in _mails(session, OF_THEM, ids=listed(people), **values):
        theirs[mail.contact_id].append(mail)
    for each in named:
        mails, names = theirs[each.contact_id], _names(each.told)
        _note(each, next((mail for mail in mails if mail.names & names), None))
        if each.delivery_id is None and each.told.is_claimed:
            _note(each, next((mail for mail in mails if mail.id == each.told.delivery_id), None))


def _names(told: Feedback) -> set[str]:
    """What a mail may be called, of which that Message-ID is told."""
    name, _, domain = told.message_id.rpartition("@")
    return ({told.message_id} | ({name} if domain.endswith("amazonses.com") else set())) - {""}


def _ids(matched: Iterable[Matched]) -> set[int]:
    """The deliveries that are named, as far as they can be any of ours."""
    return {each.told.delivery_id for each in matched if each.told.delivery_id and 0 < each.told.delivery_id < MOST}


def _note(each: Matched, mail: Mail | None) -> None:
    if mail is not None:
        each.contact_id, each.delivery_id, each.is_staff = mail.contact_id, mail.id, mail.is_staff
        each.known_as = mail.known_as


def _mails(session: Session, statement: TextClause, **values: str | Sequence[str]) -> list[Mail]:
    return [Mail._make(row) for row in session.connection().execute(statement, values)]


def _written(message_id: str) -> str:
    """As a delivery has it."""
    return f"<{message_id}>"
