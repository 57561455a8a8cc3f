"""Policies of sending behind one interface: what of the mail that is due leaves today, what waits or is dropped."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from service.domain.policy import Caps
from service.domain.pressure import What
from service.domain.sequence.vocabulary import Kind


@dataclass(slots=True, eq=False)
class Mail:
    """A mail that is due. `day`: when it fell due; `keeps`: the days it may wait; `thread`: its enrolment, or 0."""

    number: int
    kind: Kind
    priority: int
    day: int
    keeps: float
    thread: int
    asks_to_stay: bool = False

    @property
    def warm(self) -> bool:
        return 1 <= self.priority <= 3


class Outlook(NamedTuple):
    """What else is known on the day: the client's last visit and their expected days to the next, and the day of their
    soonest mail of P1 to P3 that is planned."""

    last_visit: int | None = None
    rhythm: float = 0.0
    warm_ahead: int | None = None


class Ruled(NamedTuple):
    """`again`: the day on which to look at the rest again, if nothing happens before."""

    sent: Sequence[Mail] = ()
    dropped: Sequence[Mail] = ()
    again: int | None = None
    silenced: bool = False  # no mail any more, by the sunset
    asks: bool = False  # the sunset asks whether they want to stay


class Pace(Protocol):
    """One person's under one policy."""

    def rule(self, waiting: Sequence[Mail], day: int, outlook: Callable[[], Outlook]) -> Ruled: ...

    def reacted(self, what: What, mail: int | None, day: int) -> None: ...


class Unmoved:
    """A policy to which it is all the same what people do."""

    def reacted(self, what: What, mail: int | None, day: int) -> None:
        """Nothing changes by it."""


class Everything(Unmoved):
    """No limit at all."""

    def rule(self, waiting: Sequence[Mail], day: int, outlook: Callable[[], Outlook]) -> Ruled:
        return Ruled(sent=tuple(waiting))


class Nothing(Unmoved):
    """No mail at all: what people do by themselves."""

    def rule(self, waiting: Sequence[Mail], day: int, outlook: Callable[[], Outlook]) -> Ruled:
        return Ruled(dropped=tuple(waiting))


class Skipping(Unmoved):
    """So many mails in so many days; whatever comes when they are used up is dropped, as most systems do."""

    def __init__(self, most: int, days: int) -> None:
        self._most, self._days = most, days
        self._sent: list[int] = []

    def rule(self, waiting: Sequence[Mail], day: int, outlook: Callable[[], Outlook]) -> Ruled:
        self._sent = [each for each in self._sent if each > day - self._days]
        free = max(0, self._most - len(self._sent))
        leave = sorted(waiting, key=lambda each: each.number)
        self._sent += [day] * len(leave[:free])
        return Ruled(tuple(leave[:free]), tuple(leave[free:]))


class Thinned(Unmoved):
    """Each mail leaves with the same chance: what less volume does by itself."""

    def __init__(self, share: float, draw: Callable[[int, int], float]) -> None:
        self._share, self._draw = share, draw
        self._today = (-1, 0)

    def rule(self, waiting: Sequence[Mail], day: int, outlook: Callable[[], Outlook]) -> Ruled:
        count = self._today[1] if self._today[0] == day else 0
        drawn = [(each, self._draw(day, count + nth) < self._share) for nth, each in enumerate(waiting)]
        self._today = (day, count + len(drawn))
        sent = tuple(each for each, leaves in drawn if leaves)
        return Ruled(sent, tuple(each for each, leaves in drawn if not leaves))


class FirstCome(Unmoved):
    """The caps of a business, and a queue: first come, first served, until a mail has kept its time."""

    def __init__(self, caps: Caps) -> None:
        self._limits = ((1, caps.per_day), (7, caps.per_week), (30, caps.per_month))
        self._gap = max(1, round(caps.gap / 24))
        self._sent: list[int] = []

    def rule(self, waiting: Sequence[Mail], day: int, outlook: Callable[[], Outlook]) -> Ruled:
        fresh = [each for each in waiting if day <= each.day + each.keeps]
        stale = tuple(each for each in waiting if day > each.day + each.keeps)
        self._sent = [each for each in self._sent if each > day - 30]
        if not fresh:
            return Ruled(dropped=stale)
        if not self._is_free(day):
            return Ruled(dropped=stale, again=day + 1)
        first = min(fresh, key=lambda each: each.number)
        self._sent.append(day)
        return Ruled((first,), stale, day + 1 if len(fresh) > 1 else None)

    def _is_free(self, day: int) -> bool:
        if self._sent and day < self._sent[-1] + self._gap:
            return False
        return all(sum(each > day - days for each in self._sent) < most for days, most in self._limits)
