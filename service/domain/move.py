"""What may be done next for a person inside a sequence: see `service.domain.enrolment`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from service.domain.departure import Convert, Leave
from service.domain.sequence.model.step import Step


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing to do before `until`; None: until something else happens.

    `step` is what comes next, if anything, and `due_at` its time; `until` may be sooner, when something is asked again.
    """

    until: datetime | None
    step: Step | None = None
    due_at: datetime | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Open:
    """A step is due. A mail enters the competition for a slot, and is worth sending until `expires_at`; a task is
    given to somebody; an action is carried out. `overdue`: it comes late, and no other late one may follow today."""

    step: Step
    due_at: datetime
    expires_at: datetime
    overdue: bool = False


@dataclass(frozen=True, slots=True)
class Skip:
    """A step is passed; it takes no time. `state` is `skipped` or `expired`. `over_at` is when its turn was over, which
    may be long ago: what stands in line behind it could be done from then on."""

    step: Step
    due_at: datetime
    over_at: datetime
    rule: str
    reason: str
    state: str = "skipped"


@dataclass(frozen=True, slots=True)
class Recall:
    """A mail that waits for its slot goes back: its date was moved, and it is due later now."""

    step: Step
    due_at: datetime


Move = Wait | Open | Skip | Recall | Convert | Leave
