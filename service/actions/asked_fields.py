"""What a colleague fills in when a task is done: fields of the contact, each read by its type."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from service.domain.field import BadValue, Fault, read_value, read_zone
from service.domain.sequence.model.business import Business
from service.domain.sequence.names import CONTACT, PERSONAL, Shape
from service.domain.sequence.spelling import did_you_mean
from service.store.contact import Contact
from service.store.history import zone_of


def shape_of(name: str, business: Business) -> Shape | None:
    """The type of a field that may be asked for, or the words it may hold; None where it may not."""
    if name == "language":
        return business.languages
    if name == "timezone":
        return "timezone"
    return dict(business.fields).get(name) or (CONTACT[name] if name in PERSONAL else None)


def read_asked(
    ask: Collection[str], business: Business, contact: Contact, given: Mapping[str, Any]
) -> tuple[dict[str, Any], list[Fault]]:
    """The values as they are kept, ready for JSON, and what does not fit, under `asked`. What is empty is left out."""
    read: dict[str, Any] = {}
    faults: list[Fault] = []
    for name, value in given.items():
        shape = shape_of(name, business) if name in ask else None
        if shape is None:
            hint = did_you_mean(name, ask) if ask else "it asks for none"
            faults.append(
                Fault(("asked", name), f"This task does not ask for “{name[:80]}” ({hint}).", "unknown-field")
            )
        elif value is not None and value != "":
            try:
                read[name] = _value(shape, value, business, zone_of(contact, business))
            except BadValue as error:
                faults.append(Fault(("asked", name), str(error)))
    return read, faults


def _value(shape: Shape, value: object, business: Business, zone: ZoneInfo) -> object:
    return read_zone(value) if shape == "timezone" else read_value(shape, value, business, zone)


def write_asked(contact: Contact, values: Mapping[str, Any], now: datetime) -> None:
    """Write what was filled in to a locked contact."""
    if not values:
        return
    for name in PERSONAL:
        if name in values:
            setattr(contact, name, values[name])
    own = {name: value for name, value in values.items() if name not in PERSONAL}
    contact.fields = contact.fields | own
    contact.updated_at = now
