"""A pace that the caps can't meet: mails written closer to one another than business.yaml lets any person get them.

Only what is certain is told: mails without a condition, none of them service mail, each as far from the other as the
file can be read (`Day 4-20` on its last day, a `Wait for` to its end, every step between them done).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from service.domain.duration import FIXED, nominal_days
from service.domain.kind import MANNERS
from service.domain.policy import Caps
from service.domain.sequence.findings import Findings
from service.domain.sequence.model.business import Business
from service.domain.sequence.model.duration import Duration, Unit
from service.domain.sequence.model.sequence import Sequence as Written
from service.domain.sequence.model.step import Anchor, Step
from service.domain.sequence.vocabulary import Kind

HOURS = 24
RHYTHM = 100 * HOURS  # hours: nobody comes more seldom and is still expected


@dataclass(frozen=True, slots=True)
class _Due:
    """A step, and when it is due at the soonest and latest: hours to its day; `at` is the hour written for it."""

    step: Step
    soonest: float
    latest: float
    at: float | None

    def after(self, earlier: _Due) -> float:
        """The most hours that can lie between an earlier step and this one."""
        hours = self.latest - earlier.soonest
        if self.at is not None and earlier.at is not None:
            return hours + max(self.at - earlier.at, 0)
        if self.at is None and earlier.at is None:
            return hours
        return hours + (HOURS - earlier.at if earlier.at is not None else self.at or 0)


def check_pace(sequence: Written, business: Business, findings: Findings) -> None:
    """A problem for each mail that comes too soon after the ones before it."""
    for course in (_from_entering(sequence), _from_date(sequence)):
        mails: list[_Due] = []
        for due in course:
            step = due.step
            if step.condition is not None or not step.is_email or step.kind is Kind.SERVICE:
                continue
            said = _too_soon(due, mails, business.throttle.caps)
            if said:
                hint = "put more time between them, ask with `If:`, or raise `throttle` in business.yaml"
                findings.error(step.place, "pace", said, hint)
            mails.append(due)


def _too_soon(due: _Due, before: Sequence[_Due], caps: Caps) -> str:
    manner = MANNERS[due.step.kind]
    gap = caps.gap_warm if manner.warm else caps.gap
    if before and due.after(before[-1]) < gap:
        hours = round(due.latest - before[-1].soonest)
        return f"{hours} hours after `{before[-1].step.key}` is too soon: nobody gets two mails within {gap} hours."
    for most, days in ((caps.per_day, 1), (caps.per_week, 7), (caps.per_month, 30)):
        recent = [each for each in before if due.after(each) < days * HOURS]
        if len(recent) >= most and not (days == 30 and manner.warm):
            span = f"{days} days" if days > 1 else "24 hours"
            return f"This is mail {len(recent) + 1} within {span}, and nobody gets more than {most}."
    return ""


def _from_entering(sequence: Written) -> Iterator[_Due]:
    """The steps that count from entering and from one another."""
    soonest = latest = 0.0
    hour: float | None = None
    for step in sequence.steps:
        when, at = step.when, _hour(step)
        waits = _most(step.wait_up_to)
        if when.anchor is Anchor.DAY:
            due = _Due(step, when.days * HOURS, (when.last_day or when.days) * HOURS + waits, at)
        elif when.anchor is Anchor.LATER:
            settles = HOURS if at is not None and when.duration and when.duration.unit in FIXED else 0
            least = soonest + _least(when.duration)
            due = _Due(step, least, latest + _most(when.duration) + settles + waits, hour if at is None else at)
        else:
            continue
        yield due
        latest, hour = due.latest, due.at
        if step.condition is None:  # a step that is skipped takes no time
            soonest = due.soonest


def _from_date(sequence: Written) -> list[_Due]:
    """The steps that count from the sequence's date, in the order of time."""
    signs = {Anchor.BEFORE: -1, Anchor.AFTER: 1, Anchor.ON_THE_DAY: 0}
    found = []
    for step in sequence.steps:
        length = step.when.duration
        if step.when.anchor in signs and not (length and length.unit is Unit.RHYTHMS):
            at = signs[step.when.anchor] * _least(length)
            found.append(_Due(step, at, at + _most(step.wait_up_to), _hour(step)))
    return sorted(found, key=lambda each: each.soonest)


def _hour(step: Step) -> float | None:
    at = step.when.at
    return None if at is None else at.hour + at.minute / 60


def _least(length: Duration | None) -> float:
    """In hours; a rhythm may be as short as it likes."""
    return nominal_days(length) * HOURS if length else 0.0


def _most(length: Duration | None) -> float:
    """In hours."""
    if length is not None and length.unit is Unit.RHYTHMS:
        return float(length.amount) * RHYTHM
    return _least(length)
