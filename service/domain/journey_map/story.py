"""What the map tells: each sequence as a card of touches, and by which names one sequence leads to another."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from service.domain.journey_map.phrases import answers_asked, goal_of, leaving, stage_named, time_of, way_in
from service.domain.sequence.model.duration import Unit
from service.domain.sequence.model.enrol import Trigger
from service.domain.sequence.model.library import Library
from service.domain.sequence.model.sequence import Sequence, Status
from service.domain.sequence.model.step import Anchor, Step, When
from service.domain.sequence.vocabulary import Stage

# In days, for the distances on paper only. A rhythm is drawn as six weeks: a person's own is known to the engine.
DAYS = {
    Unit.MINUTES: 1 / 1440,
    Unit.HOURS: 1 / 24,
    Unit.DAYS: 1,
    Unit.WEEKS: 7,
    Unit.MONTHS: 30,
    Unit.YEARS: 365,
    Unit.RHYTHMS: 42,
}
USUAL_START = {"rhythm": 42.0, "date": 366.0}  # day of the first touch, for the order of the cards

_ANSWER = re.compile(r"\]\(answer:([a-z0-9-]+)")


class Sort(StrEnum):
    """What a touch is drawn as."""

    MAIL = "mail"
    CALL = "call"
    GIFT = "gift"
    CARD = "card"
    HAND = "hand"
    ACTION = "action"

    @property
    def by_people(self) -> bool:
        return self not in {Sort.MAIL, Sort.ACTION}


# What people write behind `Task:`, in the words that tell which picture to draw.
_TASKS = {
    Sort.CALL: re.compile(r"\b(call|phone|ring|speak|talk)", re.IGNORECASE),
    Sort.GIFT: re.compile(r"\b(gift|present|parcel|box|flowers|surprise)", re.IGNORECASE),
    Sort.CARD: re.compile(r"\b(card|note|letter|postcard|write)", re.IGNORECASE),
}


@dataclass(frozen=True, slots=True)
class Stop:
    """One touch on a line. `day` counts from entering, for its distance to the others; `full` says all in a line."""

    time: str
    title: str
    sort: Sort
    day: float
    conditional: bool
    waits: bool
    full: str


@dataclass(frozen=True, slots=True)
class Card:
    """One sequence. `begins` and `ends` are the names that it shares with others, like `appointment.booked`."""

    key: str
    title: str
    stage: Stage
    status: Status
    trigger: str
    when: str
    stops: tuple[Stop, ...]
    goal: str
    leaving: str
    begins: frozenset[str]
    ends: frozenset[str]


@dataclass(frozen=True, slots=True)
class Story:
    business: str
    cards: tuple[Card, ...]

    def of(self, stage: Stage) -> tuple[Card, ...]:
        return tuple(card for card in self.cards if card.stage is stage)

    @property
    def stages(self) -> tuple[Stage, ...]:
        return tuple(stage for stage in Stage if self.of(stage))

    def count(self, *, by_people: bool) -> int:
        """Touches by people, or by mail."""
        sorts = [stop.sort for card in self.cards for stop in card.stops]
        return sum(sort.by_people if by_people else sort is Sort.MAIL for sort in sorts)


def tell(library: Library) -> Story:
    """The story of a library, its cards in the order in which people usually meet them."""
    ordered = sorted(library.sequences, key=lambda each: (_first_day(each), each.key))
    return Story(library.business.name, tuple(map(_card, ordered)))


def _card(sequence: Sequence) -> Card:
    enrol = sequence.enrol
    return Card(
        key=sequence.key,
        title=sequence.title,
        stage=sequence.stage,
        status=sequence.status,
        trigger=" or ".join(way_in(trigger, sequence) for trigger in enrol.on),
        when=enrol.when.source if enrol.when else "",
        stops=tuple(_stops(sequence)),
        goal=goal_of(sequence.goal),
        leaving=leaving(sequence),
        begins=frozenset(_begins(sequence)),
        ends=frozenset(_ends(sequence)),
    )


def _stops(sequence: Sequence) -> Iterator[Stop]:
    day = 0.0
    for step in sequence.steps:
        day = day_of(step.when, day)
        yield Stop(
            time=time_of(step.when),
            title=step.title,
            sort=_sort(step),
            day=day,
            conditional=step.condition is not None,
            waits=step.wait_for is not None,
            full=_full(step),
        )


def _full(step: Step) -> str:
    what = f"{step.task.what}, by {step.task.assign}" if step.task else step.kind.value if step.is_email else "action"
    at = f" at {step.when.at:%H:%M}" if step.when.at else ""
    parts = [f"{time_of(step.when)}{at}: {step.title} ({what})"]
    parts += [f"waits for: {step.wait_for.source}"] if step.wait_for else []
    parts += [f"if: {step.condition.source}"] if step.condition else []
    return "; ".join(parts)


def _sort(step: Step) -> Sort:
    if step.task is None:
        return Sort.MAIL if step.is_email else Sort.ACTION
    found = (sort for text in (step.task.what, step.title) for sort, words in _TASKS.items() if words.search(text))
    return next(found, Sort.HAND)


def day_of(when: When, before: float) -> float:
    """About which day after entering (or round a date) a step falls on, the one above it being on `before`."""
    length = float(when.duration.amount) * DAYS[when.duration.unit] if when.duration else 0.0
    return {
        Anchor.DAY: float(when.days if when.last_day is None else (when.days + when.last_day) / 2),
        Anchor.LATER: before + length,
        Anchor.BEFORE: -length,
        Anchor.AFTER: length,
        Anchor.ON_THE_DAY: 0.0,
    }[when.anchor]


def _first_day(sequence: Sequence) -> float:
    """When people usually meet it: what happens by itself first, then by rhythm, then by the calendar."""
    trigger = sequence.enrol.on[0]
    start = USUAL_START.get(trigger.on, 0.0)
    if trigger.duration:
        start = float(trigger.duration.amount) * DAYS[trigger.duration.unit]
    return start + day_of(sequence.steps[0].when, 0.0)


def _begins(sequence: Sequence) -> Iterator[str]:
    """The names by which others lead here."""
    yield f"sequence {sequence.key}"
    for trigger in sequence.enrol.on:
        answers = answers_asked(sequence) if trigger.name == "answer" else []
        yield from (f"answers “{value}”" for value in answers)
        if not answers and (name := _name(trigger)):
            yield name


def _name(trigger: Trigger) -> str:
    names = {"event": trigger.name, "becomes": f"becomes {trigger.name}", "tagged": f"tagged {trigger.name}"}
    return names.get(trigger.on, "")


def _ends(sequence: Sequence) -> Iterator[str]:
    """The names that end it, or that its own steps lead to."""
    for way in (*sequence.stop, *([sequence.goal] if sequence.goal else [])):
        stage = stage_named(way)
        if name := way.event or way.same or (f"becomes {stage}" if stage else ""):
            yield name
    for step in sequence.steps:
        for action in step.actions:
            if action.verb == "enrol":
                yield f"sequence {action.text}"
            elif action.verb == "tag":
                yield from (f"tagged {tag.strip()[1:]}" for tag in action.text.split(",") if tag.strip()[:1] == "+")
        if step.is_email and step.body is not None:
            yield from (f"answers “{value}”" for _, _, text in step.body.blocks for value in _ANSWER.findall(text))
