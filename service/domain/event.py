"""Events that a business tells of: which names there are, and what may come with each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from service.domain.field import BadValue, Fault, read_value
from service.domain.sequence.model.business import Business
from service.domain.sequence.names import CUSTOMARY, RAISED, Shape
from service.domain.sequence.spelling import did_you_mean

# Raised by the service itself, and told by whoever reads the business's mailbox as well.
TOLD_TOO = ("reply",)


def events_of(business: Business) -> dict[str, dict[str, Shape]]:
    """The events that may be told of, each with its declared data: by convention, and by `business.yaml`."""
    known = {name: dict(data) for name, data in (CUSTOMARY | {name: RAISED[name] for name in TOLD_TOO}).items()}
    for name, data in business.events:
        known.setdefault(name, {}).update(data)
    return known


def shapes_of(name: str, business: Business) -> dict[str, Shape]:
    """What is declared to come with one of these events, by its field."""
    shapes = dict(CUSTOMARY.get(name) or (RAISED[name] if name in TOLD_TOO else {}))
    for declared, data in business.events:
        if declared == name:
            shapes.update(data)
    return shapes


def why_no_event(name: str, business: Business) -> str | None:
    """None where an event of this name may be told of, else a sentence."""
    if name in RAISED and name not in TOLD_TOO:
        return f"“{name}” is raised by the service itself, and can't be told."
    known = events_of(business)
    if name in known:
        return None
    hint = did_you_mean(name, known, "declare it under `events` of business.yaml")
    return f"There is no event “{name[:80]}” ({hint})."


def read_data(
    name: str, data: Mapping[str, Any], business: Business, zone: ZoneInfo
) -> tuple[dict[str, Any], list[Fault]]:
    """The data as it is kept, and what does not fit. Fields that nobody declared are kept as they came."""
    shapes = shapes_of(name, business)
    kept: dict[str, Any] = {}
    faults: list[Fault] = []
    for field, value in data.items():
        try:
            plain = field not in shapes or value is None
            kept[field] = value if plain else read_value(shapes[field], value, business, zone)
        except BadValue as error:
            faults.append(Fault(("data", field), str(error)))
    return kept, faults
