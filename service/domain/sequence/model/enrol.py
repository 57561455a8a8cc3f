"""Who comes into a sequence, and how often: the `enrol` of its front matter."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from service.domain.sequence.model.duration import Duration
from service.domain.sequence.model.expression import Expression


@dataclass(frozen=True, slots=True)
class Trigger:
    """One way in. `on` is `signup`, `event`, `becomes`, `tagged`, `date`, `rhythm`, `quiet` or `manual`;
    `name` the event, stage or tag; `duration` that of `quiet … for DURATION`."""

    on: str
    name: str = ""
    duration: Duration | None = None


class Again(StrEnum):
    NEVER = "never"
    ALWAYS = "always"
    AFTER = "after"


@dataclass(frozen=True, slots=True)
class Enrol:
    on: tuple[Trigger, ...]
    form: str | None = None
    when: Expression | None = None
    again: Again = Again.NEVER
    again_after: Duration | None = None
    existing: str = "nobody"
