"""One person's way through one sequence, a day at a time: what comes next is asked here, and done by `year`.

The engine's rules in days: a step that is skipped takes no time, `Day N` keeps its distance from the last mail, exits
and conditions are asked in the language itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from service.domain.departure import Convert, exit_of
from service.domain.facts import Facts
from service.domain.moment import Moment
from service.domain.schedule import Progress
from service.domain.sequence.expression import ExpressionError
from service.domain.sequence.model.step import Anchor
from service.domain.simulation.population.course import Course, Leg, Span


@dataclass(slots=True, eq=False)
class Enrolment:
    """`place` is the leg that comes next, `date` the day that dated legs count from. Days of the year."""

    number: int
    course: Course
    entered: int
    entered_at: datetime
    began_by: str
    chance: float
    about: str | None = None
    event: dict[str, Any] = field(default_factory=dict)
    date: int | None = None
    date_at: datetime | None = None
    place: int = 0
    last_done: int | None = None
    last_mail: tuple[int, int] | None = None  # its day, and the offset of its leg
    unanswered: int = 0
    mails: int = 0
    listens_until: int | None = None
    due_on: int = 0  # when the leg that comes next is due, as far as that is known
    is_over: bool = False
    is_converted: bool = False
    is_held: bool = False  # its mail waits for a slot

    @property
    def leg(self) -> Leg | None:
        legs = self.course.legs
        return legs[self.place] if self.place < len(legs) else None

    def pass_leg(self, done_on: int | None) -> None:
        """The leg is behind the person: done on this day, or (None) not."""
        leg = self.course.legs[self.place]
        self.place, self.listens_until = self.place + 1, None
        if done_on is not None:
            self.last_done = done_on
            if leg.step.is_email:
                self.last_mail = (done_on, leg.offset.days(0))

    def is_exhausted(self) -> bool:
        """Whether it has written as often as `at most` lets it."""
        limit = self.course.sequence.at_most
        if limit is None:
            return False
        return (self.unanswered if limit.unanswered else self.mails) >= limit.count


@dataclass(frozen=True, slots=True)
class Later:
    """Nothing to do before this day."""

    day: int


@dataclass(frozen=True, slots=True)
class Skip:
    """The leg is passed without being done."""


@dataclass(frozen=True, slots=True)
class Over:
    """The way is at its end."""


@dataclass(frozen=True, slots=True)
class Do:
    """The leg is due, since this day."""

    leg: Leg
    due: int


Act = Later | Skip | Over | Do


def due(enrolment: Enrolment, leg: Leg, rhythm: float) -> int:
    """The day on which a leg falls due."""
    days = leg.offset.days(rhythm)
    match leg.anchor:
        case Anchor.LATER:
            start = enrolment.last_done if enrolment.last_done is not None else enrolment.entered
            return start + days
        case Anchor.DAY:
            last = leg.step.when.last_day
            days += int(enrolment.chance * (last - days + 1)) if last else 0
            on = enrolment.entered + days
            if enrolment.last_mail is None:
                return on
            sent, offset = enrolment.last_mail
            return max(on, sent + days - offset - 1)
    date = enrolment.date if enrolment.date is not None else enrolment.entered
    return date - days if leg.anchor is Anchor.BEFORE else date + days


def next_act(enrolment: Enrolment, day: int, rhythm: float, recall: Callable[[Enrolment], Facts]) -> Act:
    """What is to be done on a day for somebody who is inside."""
    leg = enrolment.leg
    if leg is None:
        return Over()
    on = enrolment.due_on = due(enrolment, leg, rhythm)
    return Later(on) if on > day else _due_act(enrolment, leg, day, rhythm, recall)


def _due_act(enrolment: Enrolment, leg: Leg, day: int, rhythm: float, recall: Callable[[Enrolment], Facts]) -> Act:
    on = enrolment.due_on
    if leg.anchor is Anchor.BEFORE and on < enrolment.entered:
        return Skip()
    facts = recall(enrolment) if leg.step.wait_for or leg.step.condition or enrolment.course.asks_always else None
    if facts is not None:
        if ends(enrolment, facts):
            return Over()
        if _listens(enrolment, leg, max(on, enrolment.last_done or on), day, rhythm, facts):
            assert enrolment.listens_until is not None
            return Later(enrolment.listens_until)
        if leg.step.condition is not None and not holds(facts, leg.step.condition.source):
            return Skip()
    if leg.step.is_email and leg.priority and enrolment.is_exhausted():
        return Over()
    return Do(leg, on)


def ends(enrolment: Enrolment, facts: Facts) -> bool:
    """Whether a goal or stop ends it, as the engine itself decides."""
    moment = Moment(enrolment.date_at) if enrolment.date_at is not None else None
    progress = Progress(enrolment.entered_at, date=moment, converted=enrolment.is_converted)
    try:
        found = exit_of(enrolment.course.sequence, progress, facts, facts.now)
    except ExpressionError:
        return False
    if isinstance(found, Convert):
        enrolment.is_converted = True
        return False
    return found is not None


def holds(facts: Facts, source: str) -> bool:
    """A condition; one that can't be asked does not hold."""
    try:
        return facts.holds(source)
    except ExpressionError:
        return False


def _listens(enrolment: Enrolment, leg: Leg, since: int, day: int, rhythm: float, facts: Facts) -> bool:
    """Whether `Wait for` still waits."""
    if leg.step.wait_for is None:
        return False
    if enrolment.listens_until is None:
        enrolment.listens_until = since + (leg.waits or Span(0)).days(rhythm)
    return day < enrolment.listens_until and not holds(facts, leg.step.wait_for.source)
