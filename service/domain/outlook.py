"""What publishing would do to people, counted: a diff of the future."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import median

SAME = timedelta(minutes=1)  # a move that nobody would notice


@dataclass(frozen=True, slots=True)
class Shift:
    """By how much next touches move: how many, the median and the largest."""

    count: int = 0
    median: timedelta = timedelta(0)
    largest: timedelta = timedelta(0)


@dataclass(slots=True)
class Outlook:
    """One sequence's people.

    `inside` are there before. `left` counts those who leave at once, by the state in which they end. `enter` are let
    in of those who are here already, `enter_today` on the first day; `awaited`, `moved`, `dropped` are people who will
    enter by themselves: newly known, at another time, not any more, the first of them at `first_awaited`.
    `gain` and `lose` are people who get a step more, or miss one that they would have got. `due` are the touches that
    become due at once: mails that leave `at_once` or `within_day`, `wait` longer, `expire` unsent or are `barred` (no
    consent); `tasks`, `actions`; `skipped` by their own condition.
    """

    inside: int = 0
    left: Counter[str] = field(default_factory=Counter)
    enter: int = 0
    enter_today: int = 0
    awaited: int = 0
    moved: int = 0
    dropped: int = 0
    first_awaited: datetime | None = None
    reopened: int = 0
    gain: int = 0
    lose: int = 0
    due: Counter[str] = field(default_factory=Counter)
    shifts: list[timedelta] = field(default_factory=list)

    def shift(self, before: datetime | None, after: datetime | None, now: datetime) -> None:
        """A person's next touch: when it would have come, and when it comes."""
        if before is not None and after is not None:
            self.shifts.append(max(after, now) - max(before, now))

    def awaits(self, at: datetime) -> None:
        """Somebody will enter by themselves then."""
        self.first_awaited = min(at, self.first_awaited or at)

    @property
    def earlier(self) -> Shift:
        return _shift([-each for each in self.shifts if each <= -SAME])

    @property
    def later(self) -> Shift:
        return _shift([each for each in self.shifts if each >= SAME])

    @property
    def same(self) -> int:
        return sum(1 for each in self.shifts if abs(each) < SAME)

    @property
    def moves_anybody(self) -> bool:
        """Whether anybody gets, or may get, anything else than without it, or at another time."""
        counts = (self.left.total(), self.enter, self.awaited, self.moved, self.dropped, self.reopened)
        return any((*counts, self.gain, self.lose, self.due.total(), self.earlier.count, self.later.count))


def _shift(moves: list[timedelta]) -> Shift:
    if not moves:
        return Shift()
    return Shift(len(moves), timedelta(seconds=median(each.total_seconds() for each in moves)), max(moves))
