"""A mail that is due, and the person it is for: what `service.domain.throttle` decides by."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from service.domain.sequence.vocabulary import Kind
from service.domain.window import Window

UTC = ZoneInfo("UTC")
OFFERS = 7
DUE_OFFERS = 3.5  # the class of an offer to a client who is due: behind P3, before P4


class Candidate(NamedTuple):
    """A mail that is due. `window` is the one in force for it; `closed_days` whether closure days hold it too.

    `seed` is what its jitter is drawn from, the person's seed and the step; `due_at` when it fell due, where that is
    known. `asks_to_stay`: it is the re-permission mail of the sunset, which may leave while all else is silent.
    """

    id: int
    priority: int
    expires_at: datetime
    window: Window
    kind: Kind = Kind.LETTER
    closed_days: bool = True
    seed: str = ""
    due_at: datetime | None = None
    asks_to_stay: bool = False

    @property
    def capped(self) -> bool:
        """Service mail (P0) is exempt from caps, gap and pressure, and counts towards nothing."""
        return self.priority > 0

    @property
    def warm(self) -> bool:
        """P1 to P3 wait for a shorter gap and may exceed the month's cap."""
        return 1 <= self.priority <= 3


class Person(NamedTuple):
    """All that pace asks about one person; instants in UTC.

    `sent`: the mails that count towards caps, of the last 30 days. `level`: their pressure, already decayed to now.
    `due_from`, `due_until`: when this client is due for a visit. `warm_ahead`: the soonest of their P1 to P3 that is
    planned and not due yet. `silent_since`: the sunset has asked, and got no answer.
    """

    sent: Sequence[datetime] = ()
    level: float = 0.0
    less_often: bool = False
    due_from: datetime | None = None
    due_until: datetime | None = None
    warm_ahead: datetime | None = None
    silent_since: datetime | None = None
    zone: ZoneInfo = UTC
    closed: Collection[date] = frozenset()

    def is_due(self, at: datetime) -> bool:
        """Whether the client is due for a visit."""
        if self.due_from is None or at < self.due_from:
            return False
        return self.due_until is None or at <= self.due_until


def rank(candidate: Candidate, person: Person, now: datetime) -> float:
    """The class that a candidate competes in: its own, but for an offer to somebody who is due."""
    return DUE_OFFERS if candidate.priority == OFFERS and person.is_due(now) else candidate.priority
