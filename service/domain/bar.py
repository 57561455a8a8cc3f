"""What may stand against a mail at one instant: the rules of pace, each with its next check and its words.

Caps, gaps and pressure are those of section 3 of the research in `docs/throttling.md`.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache, partial
from typing import Any, NamedTuple

from service.domain.breaker import Breaker
from service.domain.candidate import DUE_OFFERS, OFFERS, Candidate, Person
from service.domain.policy import Policy, PressurePolicy
from service.domain.pressure import falls_to
from service.domain.spoken import in_words, spoken_day
from service.domain.sunset import SUNSET, silence_ends

DAY, WEEK, MONTH = SPANS = (timedelta(days=1), timedelta(days=7), timedelta(days=30))
MINUTE = timedelta(minutes=1)
COLD = 5  # from this class on, a mail gives way to a warmer one that is near
SLOWED = 0.5  # what a slow breaker makes of the ceilings


class Bar(NamedTuple):
    """A rule that stands against a mail: until when (UTC; None: to the mail's own end), and why, in words."""

    until: datetime | None
    rule: str
    why: str
    then: str = ""


def longer(bar: Bar | None, other: Bar | None) -> Bar | None:
    """Which of two stands longer, the first of equals; None where there is neither."""
    if bar is None or other is None:
        return bar or other
    outlasted = bar.until is not None and (other.until is None or other.until > bar.until)
    return other if outlasted else bar


class Stake(NamedTuple):
    """What a candidate brings to the contest: its class, what it weighs, and the ceiling that holds for it."""

    rank: float
    weight: float
    ceiling: float


class Slots:
    """One person at one instant: what they got, what weighs on them, and so what may still leave."""

    __slots__ = (
        "_by_caps",
        "breaker",
        "day",
        "level",
        "month",
        "now",
        "person",
        "policy",
        "pressure",
        "sent",
        "share",
        "week",
    )

    def __init__(self, person: Person, policy: Policy, now: datetime, breaker: Breaker) -> None:
        self.person, self.policy, self.now, self.breaker = person, policy, now, breaker
        self.sent = sorted(person.sent)
        self.level = person.level
        self.pressure = round(self.level, 2)
        self._by_caps: dict[bool, Bar | None] = {}
        self.share = policy.pressure.less_often if person.less_often else 1.0  # what is left of the ceilings
        if breaker is Breaker.SLOW:
            self.share *= SLOWED
        self.day, self.week, self.month = (len(self.sent) - bisect_right(self.sent, now - span) for span in SPANS)

    def take(self, candidate: Candidate) -> None:
        """A mail is cleared: it counts at once, and weighs."""
        if candidate.priority > 0:
            self.sent.append(self.now)
            self.level += weight_of(candidate, self.policy.pressure)
            self.pressure = round(self.level, 2)
            self.day, self.week, self.month = self.day + 1, self.week + 1, self.month + 1
            self._by_caps.clear()

    def stake(self, candidate: Candidate, of_class: float) -> Stake:
        """What a capped candidate brings to the contest, in which it competes as `of_class`."""
        limits = self.policy.pressure
        ceiling = limits.ceiling_due if of_class == DUE_OFFERS else limits.ceilings.get(candidate.priority, math.inf)
        weight = weight_of(candidate, limits)
        return Stake(of_class, weight, lowered(ceiling, weight, self.share))

    def inputs(self, stake: Stake) -> dict[str, Any]:
        """The numbers that a verdict is decided by."""
        return {
            "class": stake.rank,
            "pressure": self.pressure,
            "weight": stake.weight,
            "ceiling": _rounded(stake.ceiling),
            "day": self.day,
            "week": self.week,
            "month": self.month,
        }

    def against(self, candidate: Candidate, stake: Stake) -> Bar | None:
        """What stands longest against a capped mail, None where nothing does."""
        person = self.person
        bar = self._caps(candidate.warm)
        if self.breaker is not Breaker.CLOSED:
            bar = longer(bar, self._broken(candidate))
        if candidate.asks_to_stay:
            return bar
        if self.level + stake.weight > stake.ceiling:
            bar = longer(bar, self._pressure(candidate, stake))
        if person.silent_since is not None:
            bar = longer(bar, self._silence(person.silent_since))
        if person.warm_ahead is not None:
            bar = longer(bar, self._look_ahead(person.warm_ahead, stake))
        return bar

    def _caps(self, warm: bool) -> Bar | None:
        if warm not in self._by_caps:
            caps = self.policy.caps
            bar = self._gap(caps.gap_warm if warm else caps.gap)
            if self.day >= caps.per_day:
                bar = longer(bar, self._cap(caps.per_day, DAY, "per-day", "24 hours"))
            if self.week >= caps.per_week:
                bar = longer(bar, self._cap(caps.per_week, WEEK, "per-week", "seven days"))
            if self.month >= caps.per_month and not warm:
                bar = longer(bar, self._cap(caps.per_month, MONTH, "per-month", "30 days"))
            self._by_caps[warm] = bar
        return self._by_caps[warm]

    def _gap(self, hours: int) -> Bar | None:
        if not self.sent:
            return None
        until = self.sent[-1] + _hours(hours)
        if until <= self.now:
            return None
        return Bar(until, "gap", f"the last mail went out less than {hours} hours before")

    def _cap(self, cap: int, span: timedelta, rule: str, words: str) -> Bar:
        mails = "one mail" if cap == 1 else f"{in_words(cap)} mails"
        until = self.sent[-cap] + span if cap > 0 else None
        return Bar(until, rule, f"{mails} in {words}", "the oldest leaves the window then")

    def _pressure(self, candidate: Candidate, stake: Stake) -> Bar:
        person = self.person
        until = self._lighter_by(stake.ceiling - stake.weight)
        asked = ", the ceiling of those who asked for less" if person.less_often else ""
        why = f"pressure {self.level:.3g} + {stake.weight:g} is over {stake.ceiling:.3g}{asked}"
        if candidate.priority != OFFERS or person.due_from is None:
            return Bar(until, "pressure", why)
        if person.due_from <= self.now:
            return self._pressed_though_due(until, stake, why)
        return self._pressed_until_due(until, stake, why)

    def _pressed_though_due(self, until: datetime | None, stake: Stake, why: str) -> Bar:
        """An offer whose client is due for a visit, or was: the ceiling of those who are ends with that."""
        ends = self.person.due_until
        if not self.person.is_due(self.now):
            return Bar(until, "pressure", f"{why}, and the client is not due for a visit any more")
        if ends is not None and (until is None or until > ends):
            ceiling = self.policy.pressure.ceilings.get(OFFERS, math.inf)
            room = self._lighter_by(lowered(ceiling, stake.weight, self.share) - stake.weight)
            until = None if room is None else max(room, full_minute(ends))  # where it is the lower one, not before
        return Bar(until, "pressure", why)

    def _pressed_until_due(self, until: datetime | None, stake: Stake, why: str) -> Bar:
        """An offer that may have room by the ceiling of a client who is due, before it has by its own."""
        person = self.person
        assert person.due_from is not None
        why = f"{why}, and the client is not due for a visit before {spoken_day(person.due_from, person.zone)}"
        ceiling = lowered(self.policy.pressure.ceiling_due, stake.weight, self.share)
        room = self._lighter_by(ceiling - stake.weight)
        due = None if room is None else max(room, person.due_from)
        if due is None or not person.is_due(due) or (until is not None and until <= due):
            return Bar(until, "pressure", why)
        return Bar(due, "due", why)

    def _lighter_by(self, target: float) -> datetime | None:
        """When the level has fallen to a target: on a full minute, at which it really has. None where it never has."""
        wait = falls_to(self.level, target, self.policy.pressure)
        return None if wait is None else full_minute(self.now + wait)

    def _silence(self, since: datetime) -> Bar:
        ends = silence_ends(since, self.policy.sunset)
        why = f"asked on {spoken_day(since, self.person.zone)} whether to stay, and no answer yet"
        return Bar(ends if ends > self.now else None, SUNSET, why)

    def _look_ahead(self, ahead: datetime, stake: Stake) -> Bar | None:
        """The week's last slot is not spent on a cold mail when a warm one falls due soon and would find none."""
        near = self.policy.look_ahead
        if stake.rank < COLD or not self.now < ahead <= self.now + near:
            return None
        then = len(self.sent) - bisect_right(self.sent, ahead - WEEK)
        if then + 1 < self.policy.caps.per_week:
            return None
        hours = round(near / timedelta(hours=1))
        return Bar(ahead, "look-ahead", f"the week's last slot is kept for a warmer mail within {hours} hours")

    def _broken(self, candidate: Candidate) -> Bar | None:
        limits, stopped = self.policy.breaker, self.breaker is Breaker.STOPPED
        if not stopped and candidate.priority < COLD:
            return None
        share, what = (limits.stop, "only service mail leaves") if stopped else (limits.slow, "this kind waits")
        tomorrow = datetime.combine(self.now.astimezone(UTC).date() + DAY, time.min, UTC)
        why = f"{share * 100:g}% of mails or more were complained about, and {what}"
        return Bar(tomorrow, "breaker", why, "it is looked at again then")


def weight_of(candidate: Candidate, policy: PressurePolicy) -> float:
    """What the mail itself adds to pressure; less and more of that is known once it has left."""
    return policy.weights.get(candidate.kind, 1.0)


def lowered(ceiling: float, weight: float, share: float) -> float:
    """A share of a ceiling. Where it would shut out even somebody on whom nothing weighs, less often would mean never:
    the square of the share of the room above the mail's own weight is left at least.

    >>> lowered(8, 0.8, 0.5), lowered(1.6, 1, 0.5)
    (4.0, 1.15)
    """
    return ceiling if share == 1 else max(ceiling * share, weight + (ceiling - weight) * share**2)


_hours = lru_cache(maxsize=64)(lambda hours: timedelta(hours=hours))  # a policy names two gaps
_rounded = lru_cache(maxsize=1024)(partial(round, ndigits=2))  # and a ceiling for each class


def full_minute(at: datetime) -> datetime:
    """The first full minute after an instant: the same for everybody who computes it a moment later."""
    return at.replace(second=0, microsecond=0) + MINUTE
