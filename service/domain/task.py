"""When a task is due, when it is shown again, when it is reminded of, and when nobody has to do it any more."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from service.domain.duration import add
from service.domain.sequence.model.duration import Duration, Unit

KEEPS = Duration.of(30, Unit.DAYS)  # how long after it was due a task may still be done, without `Drop after`
LEFT_AFTER_SNOOZE = timedelta(days=7)  # whoever puts a task off has at least so long to do it
LONGEST_SNOOZE = timedelta(days=366)
REPLY_DUE = Duration.of(1, Unit.DAYS)

# How a task that a reply opened may end.
GO_ON, END = "go-on", "end"
# How one ends that asks to look at a doubtful referral.
APPROVE, REFUSE = "approve", "refuse"


class Look(StrEnum):
    """What a look at an open task finds to do."""

    WAIT = "wait"
    REMIND = "remind"
    EXPIRE = "expire"


@dataclass(frozen=True, slots=True)
class Times:
    """The instants of an open task (UTC). `due_at` None: it has no day by which it must be done."""

    due_at: datetime | None
    expires_at: datetime
    snoozed_until: datetime | None = None
    is_reminded: bool = False

    @property
    def remind_at(self) -> datetime | None:
        """Once: when it is overdue, or comes back from a snooze."""
        given = [each for each in (self.due_at, self.snoozed_until) if each is not None]
        return max(given) if given and not self.is_reminded else None

    @property
    def ends_at(self) -> datetime:
        """When nobody has to do it any more."""
        if self.snoozed_until is None:
            return self.expires_at
        return max(self.expires_at, self.snoozed_until + LEFT_AFTER_SNOOZE)

    @property
    def wakes_at(self) -> datetime:
        """When it is to be looked at next."""
        return min(self.remind_at or self.ends_at, self.ends_at)

    def look(self, now: datetime) -> Look:
        """What is to be done now. A task is overdue *after* the instant at which it is due."""
        if now >= self.ends_at:
            return Look.EXPIRE
        return Look.REMIND if self.remind_at is not None and now >= self.remind_at else Look.WAIT


def opened(at: datetime, due: Duration | None, drop_after: Duration | None, zone: ZoneInfo) -> Times:
    """The times of a task that opens at `at`; days and longer are the business's calendar days (`zone`).

    `Drop after` counts from the opening; without it a task keeps for 30 days past its due day, or past its opening
    where it has none.
    """
    due_at = add(at, due, zone) if due else None
    return Times(due_at, add(at, drop_after, zone) if drop_after else keeps_until(due_at or at, zone))


def keeps_until(due_at: datetime, zone: ZoneInfo) -> datetime:
    """Until when a task without `Drop after` may still be done."""
    return add(due_at, KEEPS, zone)
