"""Write down what a program knows about a person, with all that follows from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import literal, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from service.actions.expect import expect_dates
from service.actions.receive_event import become, retag, wake
from service.actions.record_consent import Given, record_consents
from service.domain.contact import Address, address_hash
from service.domain.field import BadValue, Fault, Unfit, read_value
from service.domain.sequence.model.business import Business
from service.domain.sequence.spelling import did_you_mean
from service.ports import Published
from service.store.contact import Contact, Suppression
from service.store.history import zone_of

# A new mailbox may work where the old one refused our mail; what a person said holds wherever they go.
STAYS_BEHIND = ("bounced",)


class AddressTaken(Exception):  # noqa: N818 (what the answer says)
    """Another contact has this address; two people are never made one in silence."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What to change; what is absent stays (as in RFC 7396).

    `columns` are built-in fields, None clears; `fields` the business's own, None removes; `tags` replaces all tags;
    `consents` are added to those on file.
    """

    columns: Mapping[str, str | None] = field(default_factory=dict)
    fields: Mapping[str, Any] = field(default_factory=dict)
    tags: tuple[str, ...] | None = None
    stage: str | None = None
    address: Address | None = None
    consents: tuple[Given, ...] = ()


def change_contact(
    session: Session, published: Published, hash_key: bytes, contact: Contact, changes: Changes, now: datetime
) -> None:
    """Change a locked contact. The caller commits.

    A new stage begins the sequences that wait for it, and what may end others is looked at, at once. Raises Unfit and
    AddressTaken; then nothing is to be kept.
    """
    for name, value in changes.columns.items():
        setattr(contact, name, value)
    own = _read_fields(changes.fields, contact, published.library.business)
    contact.fields = {name: value for name, value in (contact.fields | own).items() if value is not None}
    if changes.address is not None:
        move(session, hash_key, contact, changes.address)
    contact.updated_at = now
    session.flush()
    wake(session, contact.id, now)
    # In the time zone it has now, and before a stage begins what may ask for it.
    record_consents(session, published, contact, changes.consents, now)
    if changes.tags is not None:
        retag(session, published, contact, list(changes.tags), now)
    if changes.stage is not None:
        become(session, published, contact, changes.stage, now)
    expect_dates(session, published, contact, now)


def _read_fields(fields: Mapping[str, Any], contact: Contact, business: Business) -> dict[str, Any]:
    declared = dict(business.fields)
    read: dict[str, Any] = {}
    faults: list[Fault] = []
    for name, value in fields.items():
        if name not in declared:
            hint = did_you_mean(name, declared, "declare it under `fields` of business.yaml")
            faults.append(Fault(("fields", name), f"There is no field “{name[:80]}” ({hint}).", "unknown-field"))
            continue
        try:
            empty = value is None or value == ""
            read[name] = None if empty else read_value(declared[name], value, business, zone_of(contact, business))
        except BadValue as error:
            faults.append(Fault(("fields", name), str(error)))
    if faults:
        raise Unfit(*faults)
    return read


def move(session: Session, hash_key: bytes, contact: Contact, address: Address) -> None:
    """A new address for the same person: what they said they don't want goes with them. Raises AddressTaken."""
    if contact.email_key != address.key:
        old, moved = contact.address_hash, address_hash(hash_key, address.key)
        try:
            with session.begin_nested():
                contact.address_hash, contact.email_key = moved, address.key
        except IntegrityError:
            raise AddressTaken from None
        of_old = select(
            literal(moved), Suppression.topic, Suppression.reason, Suppression.source, Suppression.at
        ).where(Suppression.address_hash == old, Suppression.reason.not_in(STAYS_BEHIND))
        columns = ["address_hash", "topic", "reason", "source", "at"]
        session.execute(insert(Suppression).from_select(columns, of_old).on_conflict_do_nothing())
    contact.email = address.email
