"""Somebody comes out of another program's list: an import is no signup, begins nothing, and lifts nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from service.actions.change_contact import Changes, change_contact
from service.actions.keep_list import put_on_list
from service.actions.record_consent import Given
from service.actions.sign_up import upsert_contact
from service.domain.contact import Address
from service.domain.suppression import Line
from service.ports import Published
from service.store.contact import lock_contacts


@dataclass(frozen=True, slots=True)
class Imported:
    """One row. `columns` are built-in fields, `fields` the business's own; `agreed_to` are topics, in the words of
    `wording`; `left` those that the person unsubscribed from, None among them for all."""

    address: Address
    source: str
    columns: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, Any] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    stage: str | None = None
    agreed_to: tuple[str, ...] = ()
    wording: str = ""
    left: tuple[str | None, ...] = ()


def import_contact(session: Session, published: Published, hash_key: bytes, row: Imported, now: datetime) -> bool:
    """Take a person in; whether they are new. The caller commits, or takes all of it back.

    What is known is added to and never overwritten; a stage is taken for whoever is new. A consent that the person
    took back stays taken back. Raises Unfit, with what doesn't fit.
    """
    contact, is_new = upsert_contact(session, hash_key, row.address, dict(row.columns), now, source=row.source)
    lock_contacts(session, [contact.id])
    if is_new and row.stage is not None:
        contact.stage = row.stage
    contact.tags = [*dict.fromkeys([*contact.tags, *row.tags])]
    for topic in row.left:
        line = Line(contact.address_hash, topic, "unsubscribed", row.source, now)
        put_on_list(session, published, line, now)
    own = {name: value for name, value in row.fields.items() if contact.fields.get(name) is None}
    given = tuple(Given(topic, row.wording, source=row.source) for topic in row.agreed_to)
    change_contact(session, published, hash_key, contact, Changes(fields=own, consents=given), now)
    return is_new
