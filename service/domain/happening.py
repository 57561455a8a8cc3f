"""What a person did or what was done for them: the past that conditions, exits and rhythms look at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

# What ends a row of unanswered mails, and wakes a waiting step: a person did something.
RESPONSES = frozenset({"click", "answer", "reply", "appointment.booked"})
LESS_OFTEN = "less-often"  # they asked for less mail, or took it back
UNSUBSCRIBED = "unsubscribed"  # they left a topic, or all marketing
CAME_BACK = "came-back"  # they took back within the hour that they had left
LEFT_BECAUSE = "left-because"  # they said why, if they liked
ADDRESS_CHANGED = "address-changed"  # they confirmed it at the new one
PAUSE = "pause"  # they asked for a pause of some days, or with none to go on


@dataclass(frozen=True, slots=True)
class Happening:
    """An event about the person: `click` and the like that the service saw itself, or one the business sent.

    `about` is the thing it spoke of (appointment, order), `key` what tells it from all others of its name.
    """

    name: str
    at: datetime
    data: Mapping[str, Any] = field(default_factory=dict)
    value: Decimal | None = None
    enrolment_id: int | None = None
    about: str | None = None
    key: str = ""

    def as_event(self) -> dict[str, Any]:
        """What `event.…` says in the letters of an enrolment that it began."""
        named = dict(self.data) | {"name": self.name, "at": self.at.isoformat(), "about": self.about}
        if self.value is not None:  # else `event.value` may be a word of the data: what was answered
            named["value"] = str(self.value)
        return named


@dataclass(frozen=True, slots=True)
class Touch:
    """A step that is behind the person: `state` is `sent`, `uncertain`, `skipped` …; `at` when it left."""

    enrolment_id: int
    sequence: str
    step: str
    state: str
    priority: int
    at: datetime | None


def bookings(happenings: tuple[Happening, ...], what: str) -> list[Happening]:
    """The bookings of `what` (`appointment`) that stand: not cancelled, not missed, not taken place since."""
    name = f"{what}.booked"
    booked = [each for each in happenings if each.name == name]
    if not booked:
        return []
    ends = {f"{what}.cancelled", f"{what}.missed", "visit.completed"}
    over = [each for each in happenings if each.name in ends and each.about is not None]
    return [each for each in booked if not any(end.about == each.about and end.at >= each.at for end in over)]
