"""A sequence as the model walks it: days instead of hours, and what begins and ends it by name."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from service.domain.duration import nominal_days
from service.domain.kind import MANNERS, keeps_of
from service.domain.policy import Policy
from service.domain.sequence.answers import answers_of
from service.domain.sequence.model.duration import Duration, Unit
from service.domain.sequence.model.enrol import Again
from service.domain.sequence.model.library import Library
from service.domain.sequence.model.sequence import Sequence, Status
from service.domain.sequence.model.step import Anchor, Step

BOOKED, VISITED, LEFT, CLICK, ANSWER = "appointment.booked", "visit.completed", "client.left", "click", "answer"
UNENGAGED = "unengaged"
RAISED = frozenset({BOOKED, VISITED, LEFT, CLICK, ANSWER, UNENGAGED})  # the events that happen in the model
STAGES = frozenset({"client", "former", "lapsed", "lead"})
DATES = frozenset({"contact.birthday", "contact.client_since", "event.starts"})  # that the model's people have


@dataclass(frozen=True, slots=True)
class Span:
    """A length of time: `amount` days, or of the person's own rhythm."""

    amount: float
    in_rhythms: bool = False

    @classmethod
    def of(cls, duration: Duration) -> Span:
        if duration.unit is Unit.RHYTHMS:
            return cls(float(duration.amount), in_rhythms=True)
        return cls(nominal_days(duration))

    def days(self, rhythm: float) -> int:
        """Whole days; what is shorter than a day is done on the same one."""
        return math.floor(self.amount * (rhythm if self.in_rhythms else 1) + 1e-9)


@dataclass(frozen=True, slots=True)
class Leg:
    """A step. `keeps` is how many days its mail may wait, `answers` what it offers."""

    step: Step
    anchor: Anchor
    offset: Span
    priority: int
    keeps: float
    waits: Span | None
    answers: tuple[str, ...]

    @property
    def warm(self) -> bool:
        return self.step.is_email and MANNERS[self.step.kind].warm


@dataclass(frozen=True, slots=True)
class Course:
    """A sequence. `again` is how many days after an entry the next may be; `ends_on` are the events that end it at
    once, `asks_on` those after which its exits are asked, `asks_always`: at every step too; `asks_to_stay`: it is the
    sunset's."""

    sequence: Sequence
    legs: tuple[Leg, ...]
    again: float
    ends_on: frozenset[str]
    asks_on: frozenset[str]
    asks_always: bool
    asks_to_stay: bool

    @property
    def lead_time(self) -> int:
        """How many days before its date it begins."""
        before = (leg.offset.days(0) for leg in self.legs if leg.anchor is Anchor.BEFORE)
        return max(before, default=0)


@dataclass(frozen=True, slots=True)
class Courses:
    """All sequences that the model's people can live; `unlived` are the keys of the others."""

    library: Library
    by_trigger: Mapping[tuple[str, str], tuple[Course, ...]]
    unlived: tuple[str, ...]
    policy: Policy

    def begun_by(self, on: str, name: str = "") -> tuple[Course, ...]:
        return self.by_trigger.get((on, name), ())

    def course(self, key: str) -> Course | None:
        found = (each for courses in self.by_trigger.values() for each in courses)
        return next((each for each in found if each.sequence.key == key), None)


def read_courses(library: Library) -> Courses:
    """The sequences of a library that are live."""
    policy = library.business.throttle
    found: dict[tuple[str, str], list[Course]] = {}
    unlived = []
    for sequence in library.sequences:
        if sequence.status is not Status.LIVE:
            continue
        ways = [way for way in _ways(sequence) if _is_lived(sequence, *way)]
        course = _course(sequence, policy)
        for way in ways:
            found.setdefault(way, []).append(course)
        if not ways:
            unlived.append(sequence.key)
    return Courses(library, {way: tuple(each) for way, each in found.items()}, tuple(unlived), policy)


def _ways(sequence: Sequence) -> Iterable[tuple[str, str]]:
    for trigger in sequence.enrol.on:
        yield trigger.on, "" if trigger.on in {"signup", "date"} else trigger.name


def _is_lived(sequence: Sequence, on: str, name: str) -> bool:
    match on:
        case "signup":
            return True
        case "event":
            return name in RAISED and sequence.date in {None, "event.starts"}
        case "becomes":
            return name in STAGES
        case "rhythm" | "quiet":
            return name == VISITED
        case "date":
            return sequence.date in DATES or fixed_day(sequence) is not None
    return False


def fixed_day(sequence: Sequence) -> date | None:
    """The day that a one-off counts from."""
    try:
        return date.fromisoformat((sequence.date or "")[:10])
    except ValueError:
        return None


def _course(sequence: Sequence, policy: Policy) -> Course:
    ends_on = {stop.event for stop in sequence.stop if stop.event}
    if any(trigger.on == "rhythm" for trigger in sequence.enrol.on):
        ends_on |= {VISITED, BOOKED}
    exits = [*sequence.stop, *([sequence.goal] if sequence.goal else [])]
    asks_on = {name for each in exits for name in (each.event, each.same) if name}
    asks_always = any(each.when is not None for each in exits)
    if asks_always:
        asks_on |= {VISITED, ANSWER, CLICK}
    return Course(
        sequence=sequence,
        legs=tuple(_leg(step, policy) for step in sequence.steps),
        again=_again(sequence),
        ends_on=frozenset(ends_on),
        asks_on=frozenset(asks_on - ends_on),
        asks_always=asks_always,
        asks_to_stay=any((trigger.on, trigger.name) == ("event", UNENGAGED) for trigger in sequence.enrol.on),
    )


def _again(sequence: Sequence) -> float:
    match sequence.enrol.again:
        case Again.NEVER:
            return math.inf
        case Again.AFTER if sequence.enrol.again_after is not None:
            return nominal_days(sequence.enrol.again_after)
    return 0


def _leg(step: Step, policy: Policy) -> Leg:
    when = step.when
    keeps = nominal_days(step.drop_after) if step.drop_after else keeps_of(step.kind, policy).total_seconds() / 86_400
    return Leg(
        step=step,
        anchor=when.anchor,
        offset=Span.of(when.duration) if when.duration else Span(when.days),
        priority=MANNERS[step.kind].priority,
        keeps=keeps,
        waits=Span.of(step.wait_up_to) if step.wait_up_to else None,
        answers=tuple(each.value for each in answers_of(step, "")) if step.body else (),
    )
