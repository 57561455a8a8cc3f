"""Why a mail had to wait. Twin of `service.store.decision`, of which only what holds is told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from service.domain.clearance import WORDS

ALIKE = timedelta(minutes=1)  # what is reckoned anew may end a moment beside where it ended before


@dataclass(frozen=True, slots=True)
class Hold:
    """That a mail was held, at `at` until `until`, by which rule and why."""

    at: datetime
    rule: str
    reason: str
    until: datetime | None

    def repeats(self, last: Hold) -> bool:
        """Whether this says nothing that the last one did not."""
        if self.rule == WORDS:  # it is looked at again each hour
            return self.rule == last.rule and self.reason == last.reason
        if self.until is None or last.until is None:
            return self.rule == last.rule and self.until is last.until
        return self.rule == last.rule and abs(self.until - last.until) < ALIKE
