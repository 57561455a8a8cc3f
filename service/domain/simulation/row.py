"""One touch in a simulated life: what a delivery is in the database."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from service.domain.clearance import WORDS
from service.domain.kind import MANNERS
from service.domain.sequence.model.step import Step
from service.domain.simulation.hold import Hold
from service.domain.simulation.inside import Inside

PLANNED = "planned"
WAITING = frozenset({"due", "held", "cleared"})  # a mail that may leave, and may be taken back
UNSENT = WAITING | {PLANNED}


@dataclass(slots=True, eq=False)
class Row:
    """One touch. `at` is when a mail left, or a task or action was done; `occasion` above 0 is a mail sent again.

    `holds` are the verdicts that held it, without those that only repeat the one before.
    """

    number: int
    inside: Inside
    step: Step
    due_at: datetime
    occasion: int = 0
    state: str = PLANNED
    rule: str = ""
    reason: str = ""
    wake_at: datetime | None = None
    expires_at: datetime | None = None
    at: datetime | None = None
    holds: list[Hold] = field(default_factory=list)

    @property
    def priority(self) -> int:
        return MANNERS[self.step.kind].priority

    def turn(self, state: str, rule: str, reason: str, wake_at: datetime | None = None) -> None:
        """The touch is in another state, with the reason for it."""
        self.state, self.rule, self.reason, self.wake_at = state, rule, reason, wake_at

    def hold(self, rule: str, reason: str, until: datetime | None, now: datetime) -> None:
        """It waits, which is remembered where it is anything new."""
        self.turn("held", rule, reason, until)
        hold = Hold(now, rule, reason, until)
        last = [each for each in self.holds if rule != WORDS or each.rule == WORDS][-1:]
        if not any(hold.repeats(each) for each in last):
            self.holds.append(hold)
