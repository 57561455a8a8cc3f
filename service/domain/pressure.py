"""How much the mail of the last weeks weighs on one person: what `throttle.pressure` limits.

A(t) = Σ w · 1.5^(k−1) · o · e · 2^(−age / 21 days), section 3c of the research in `docs/throttling.md`. It is folded
from what happened, never kept by adding up: what is written down of it is only remembered.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from service.domain.policy import PressurePolicy
from service.domain.sequence.vocabulary import Kind

STEEPEST = 3  # the fourth mail in a row trebles complaints; nobody measured a fifth
OWN_THING = frozenset({Kind.NEWSLETTER, Kind.OFFER})  # each is a thing of its own, and follows up nothing
FORGOTTEN = 0.01  # a weight below which a mail is no longer remembered
REMEMBERED = timedelta(days=730)  # what is older weighs nothing and counts in no row
UNKNOWN = 0  # stands for a mail that is not known any more, where something was done to one


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail that left, or may have. `thread` is its enrolment: its mails are follow-ups of one another."""

    id: int
    at: datetime
    kind: Kind
    thread: int


class What(StrEnum):
    """What a person, never a machine, did."""

    OPEN = "open"
    ANSWER = "answer"  # a click, a reply, an answer
    BOOKING = "booking"  # an appointment, a visit, a purchase


BY_WEIGHT = frozenset({"pressure", "due", "sunset"})  # the rules that a sign of life may lift
# The events that are a person's doing; opens come from the hits.
EVIDENCE: dict[str, What] = {
    "click": What.ANSWER,
    "answer": What.ANSWER,
    "reply": What.ANSWER,
    "appointment.booked": What.BOOKING,
    "visit.completed": What.BOOKING,
    "purchase": What.BOOKING,
}


@dataclass(frozen=True, slots=True)
class Evidence:
    """Something that a person did at `at`; `mail` is the one that it was done to, where there is one."""

    at: datetime
    what: What
    mail: int | None = None


@dataclass(frozen=True, slots=True)
class Load:
    """What one mail weighed when it left, and what was taken off it since."""

    mail: int
    at: datetime
    weight: float
    opened: bool = False


@dataclass(frozen=True, slots=True)
class Pressure:
    """The loads on one person, and their unanswered mails by thread.

    `counted` is what they did to which mail: to tap three links of one mail is one answer.
    """

    loads: tuple[Load, ...] = ()
    streaks: Mapping[int, int] = field(default_factory=dict)
    counted: frozenset[tuple[What, int]] = frozenset()

    def level(self, now: datetime, policy: PressurePolicy) -> float:
        """A(now)."""
        half_life = policy.half_life
        left: list[float] = [load.weight * 2.0 ** -((now - load.at) / half_life) for load in self.loads]
        return sum(left)

    def after_mail(self, mail: Mail, hidden: bool, policy: PressurePolicy) -> Pressure:
        """The pressure once a mail has left; `hidden` where the person's opens can't be seen."""
        weight = policy.weights.get(mail.kind, 1.0)
        if not weight:
            return self
        streak = self.streaks.get(mail.thread, 0)
        steps = 0 if mail.kind in OWN_THING else min(streak, STEEPEST)
        weight *= policy.escalation**steps * (policy.hidden if hidden else 1.0)
        kept = [each for each in self.loads if each.weight * _left(each.at, mail.at, policy) >= FORGOTTEN]
        loads = (*kept, Load(mail.id, mail.at, weight))
        return Pressure(loads, {**self.streaks, mail.thread: streak + 1}, self.counted)

    def after_evidence(self, evidence: Evidence, policy: PressurePolicy) -> Pressure:
        """The pressure once a person did something, which counts once a mail. An open lightens its own mail alone."""
        if evidence.what is What.OPEN:
            return replace(self, loads=tuple(_opened(load, evidence, policy) for load in self.loads))
        done = frozenset({(evidence.what, evidence.mail)} if evidence.mail else ())
        if done and done <= self.counted:
            return self
        share = policy.booking if evidence.what is What.BOOKING else policy.answer
        left = (load for load in self.loads if not _answers(evidence, load, policy))
        loads = tuple([Load(load.mail, load.at, load.weight * share, load.opened) for load in left])
        return Pressure(loads, counted=self.counted | done)


def fold(mails: Iterable[Mail], evidence: Iterable[Evidence], hidden: bool, policy: PressurePolicy) -> Pressure:
    """The pressure after all that happened, in the order of time."""
    pressure = Pressure()
    told: list[Mail | Evidence] = [*mails, *evidence]
    for happened in sorted(told, key=_order):
        if isinstance(happened, Mail):
            pressure = pressure.after_mail(happened, hidden, policy)
        else:
            pressure = pressure.after_evidence(happened, policy)
    return pressure


def _order(happened: Mail | Evidence) -> tuple[datetime, int, int, str]:
    """One order for the same facts, however they were found: a mail before what is done at the same instant."""
    if isinstance(happened, Mail):
        return happened.at, 0, happened.id, ""
    return happened.at, 1, happened.mail or 0, happened.what


def falls_to(level: float, target: float, policy: PressurePolicy) -> timedelta | None:
    """How long until a level has fallen to a target by itself; None where it never does."""
    if level <= target:
        return timedelta(0)
    return policy.half_life * (math.log2(level) - math.log2(target)) if target > 0 else None


def _left(at: datetime, now: datetime, policy: PressurePolicy) -> float:
    return float(2.0 ** (-((now - at) / policy.half_life)))


def _answers(evidence: Evidence, load: Load, policy: PressurePolicy) -> bool:
    """Whether this takes the mail's own weight away: it is about this mail, or about none, and came soon enough."""
    return evidence.mail in {None, load.mail} and evidence.at <= load.at + policy.answered_within


def _opened(load: Load, evidence: Evidence, policy: PressurePolicy) -> Load:
    if load.mail != evidence.mail or load.opened:
        return load
    return replace(load, weight=load.weight * policy.opened, opened=True)
