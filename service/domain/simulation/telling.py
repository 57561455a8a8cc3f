"""An event of the scenario in one line, for the calendar."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from service.domain.happening import Happening
from service.domain.moment import read_moment

SPOKEN = frozenset({"sequence", "step", "value", "currency", "form", "topic", "note"})


def told(event: Happening, zone: ZoneInfo) -> str:
    """`answer happy to after-visit/how-was-it`; times in the person's own."""
    data = {name: value for name, value in event.data.items() if value not in {None, ""}}
    head = [event.name, *_place(event.name, data), *([event.about] if event.about else [])]
    amount = " ".join(str(each) for each in (event.value, data.get("currency")) if each)
    rest = [f"{name.replace('_', ' ')} {_spoken(data[name], zone)}" for name in data if name not in SPOKEN]
    note = f"“{data['note']}”" if "note" in data else ""
    return ", ".join(each for each in (" ".join(head), amount, *rest, note) if each)


def _place(name: str, data: Mapping[str, Any]) -> list[str]:
    """What it was about, of the words that stand beside the name."""
    place = "/".join(str(data[part]) for part in ("sequence", "step") if part in data)
    answer = [str(data["value"]), "to"] if "value" in data else []
    left = ["all marketing"] if name == "unsubscribed" and "topic" not in data else []
    return [
        *answer,
        *([place] if place else []),
        *(str(data[part]) for part in ("form", "topic") if part in data),
        *left,
    ]


def _spoken(value: Any, zone: ZoneInfo) -> str:
    moment = read_moment(value, zone) if isinstance(value, str | datetime) else None
    if moment is None or moment.is_day:
        return str(value)
    return f"{moment.at.astimezone(zone):%Y-%m-%d %H:%M}"
