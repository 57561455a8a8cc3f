"""Whether a person enters a sequence when something happens that may begin it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from service.domain.facts import Facts
from service.domain.schedule import is_dated
from service.domain.sequence.expression import ExpressionError
from service.domain.sequence.model.enrol import Again
from service.domain.sequence.model.form import Form
from service.domain.sequence.model.library import Library
from service.domain.sequence.model.sequence import Sequence, Status

ONCE = "once"  # the trigger key of a sequence that a person enters at most once


@dataclass(frozen=True, slots=True)
class Occasion:
    """Something that may begin sequences: `on` and `name` as in `enrol.on` (`event visit.completed`).

    `key` makes the enrolment unique among others of the same sequence; `about` is the thing an event spoke of; `data`
    is kept with the enrolment: `event`, `form`.
    """

    on: str
    name: str
    key: str
    data: Mapping[str, Any] = field(default_factory=dict)
    about: str | None = None

    @property
    def began_by(self) -> str:
        """What the enrolment says of how it began: an event's name, else the trigger."""
        return self.name if self.on == "event" else self.on

    @property
    def thing(self) -> str | None:
        """What `same:` asks for: the thing an event spoke of, or the event itself."""
        return self.about or (self.key if self.on == "event" else None)


def answers(sequence: Sequence, occasion: Occasion) -> bool:
    """Whether the occasion is one of the sequence's triggers."""
    for trigger in sequence.enrol.on:
        if trigger.on != occasion.on:
            continue
        if trigger.on == "signup":
            return sequence.enrol.form in {None, occasion.name}
        if trigger.name == occasion.name:
            return True
    return False


def starts(sequence: Sequence, form: Form) -> bool:
    """Whether a signup by this form begins this sequence."""
    return answers(sequence, Occasion("signup", form.slug, ""))


def consented_topics(library: Library, form: Form) -> tuple[str, ...]:
    """What a form asks consent to: its own topics, else those of the sequences that it starts."""
    if form.topics:
        return form.topics
    return tuple(dict.fromkeys(each.topic for each in library.sequences if starts(each, form)))


def begins_anew(sequence: Sequence, states: Collection[str], called_off: Collection[str]) -> bool:
    """Whether what an event tells once more about the same thing begins the sequence again, and is no mere correction.

    It is so for what counts from a date and was called off: an appointment that is cancelled and then booked after
    all. `states` are those of the enrolments that the thing began, `called_off` the events told about it.
    """
    stops = {stop.same for stop in sequence.stop}
    return sequence.date is not None and set(states) == {"stopped"} and bool(stops & set(called_off))


def trigger_key(sequence: Sequence, occasion: Occasion) -> str:
    """What makes the enrolment unique."""
    return ONCE if sequence.enrol.again is Again.NEVER else occasion.key


def why_not_enter(sequence: Sequence, facts: Facts, last_entered_at: datetime | None, now: datetime) -> str | None:
    """None where the person enters, else why not, in a sentence. `facts.date` is the date it would count from."""
    if sequence.status is not Status.LIVE:
        return f"“{sequence.title}” is {sequence.status}, so nobody new enters."
    return _too_soon(sequence, facts, last_entered_at, now) or _condition(sequence, facts) or _no_date(sequence, facts)


def _too_soon(sequence: Sequence, facts: Facts, last_entered_at: datetime | None, now: datetime) -> str | None:
    again = sequence.enrol.again
    if last_entered_at is None or again is Again.ALWAYS:
        return None
    entered = f"The person entered “{sequence.title}” on {last_entered_at.astimezone(facts.zone):%-d %B %Y}"
    if again is Again.NEVER:
        return f"{entered}, and its `enrol.again` says “never”."
    pause = sequence.enrol.again_after
    if pause is None or now >= facts.plus(last_entered_at, pause, sequence):
        return None
    return f"{entered}, and its `enrol.again` says “after {pause}”."


def _condition(sequence: Sequence, facts: Facts) -> str | None:
    condition = sequence.enrol.when
    if condition is None:
        return None
    try:
        if facts.holds(condition.source):
            return None
    except ExpressionError as error:
        # Deny first: whoever can't be asked about does not enter.
        return f"“{condition.source}” can't be asked: {error}."
    return f"“{sequence.title}” is for people for whom “{condition.source}” holds, and for this one it does not."


def _no_date(sequence: Sequence, facts: Facts) -> str | None:
    if facts.date is not None or not any(is_dated(step) for step in sequence.steps):
        return None
    if sequence.date is None:
        return f"“{sequence.title}” counts from the expected visit, so people enter it by themselves."
    return f"“{sequence.title}” counts from `{sequence.date}`, and here that is no date."
