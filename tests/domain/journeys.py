"""Arbitrary sequences and histories, for the tests that hold for all of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from service.domain.happening import Happening
from service.domain.sequence.model.duration import Duration, Unit
from service.domain.sequence.model.enrol import Again, Enrol, Trigger
from service.domain.sequence.model.exit import AtMost, Exit
from service.domain.sequence.model.expression import Expression
from service.domain.sequence.model.sequence import Sequence
from service.domain.sequence.model.step import Action, Anchor, Step, TaskField, When
from service.domain.sequence.model.words import Subject
from service.domain.sequence.vocabulary import Kind, Stage
from service.domain.window import Span, Window
from tests.domain.person import Incident
from tests.domain.stories import HERE

START = datetime(2026, 10, 1, 12, tzinfo=UTC)
KINDS = (Kind.SERVICE, Kind.CHECK_IN, Kind.ONBOARDING, Kind.DELIGHT, Kind.LETTER, Kind.OFFER)
CONDITIONS = (
    'contact.stage == "client"',
    'contact.stage != "former"',
    'clicked("s0")',
    'not clicked("s1")',
    'answer("s0") == "yes"',
    'done("s0")',
    'sent("s1")',
    'upcoming("appointment")',
    'happened("purchase")',
    'count("visit.completed") >= 2',
    'days_since("visit.completed") > 3',
    "days_since(contact.client_since) > 3",
    'inside("other")',
    'arm == "short"',
    "event.starts",
    'contact.wish < 3 and contact.email == "ana@example.org"',
)
ACTIONS = (
    ("set", 'contact.stage = "client"'),
    ("set", "contact.wish = contact.stage"),
    ("tag", "+vip, -cold"),
    ("enrol", "other"),
    ("leave", "other"),
    ("leave", "all"),
)
WINDOWS = (
    Window.any(),
    Window((Span(frozenset(range(5)), time(9), time(17)),)),
    Window((Span(frozenset({5, 6}), time(10), time(10)),)),
    Window((Span(frozenset(range(7)), time(22), time.max), Span(frozenset(range(7)), time(0), time(2, 30)))),
)
TRIGGERS = (
    Trigger("event", "appointment.booked"),
    Trigger("event", "visit.completed"),
    Trigger("date"),
    Trigger("rhythm", "visit.completed"),
    Trigger("quiet", "visit.completed", Duration.of(20, Unit.DAYS)),
    Trigger("becomes", "client"),
)
DATES = ("event.starts", "contact.birthday", "contact.day", "2026-11-05", "2026-10-25 18:00", None)

conditions = st.sampled_from(CONDITIONS).map(lambda source: Expression(source, HERE))
clocks = st.sampled_from((time(0), time(2, 30), time(9), time(12, 15), time(23, 59)))


def seldom(some: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Now and then something, mostly nothing."""
    return st.integers(0, 3).flatmap(lambda die: some if die == 3 else st.none())


@st.composite
def durations(draw: st.DrawFn, most: int = 9) -> Duration:
    unit = draw(st.sampled_from(list(Unit)))
    if unit is Unit.RHYTHMS:
        return Duration(Decimal(draw(st.integers(1, 8))) / 4, unit)
    return Duration.of(draw(st.integers(1, {Unit.MONTHS: 2, Unit.YEARS: 1}.get(unit, most))), unit)


@st.composite
def whens(draw: st.DrawFn, *, dated: bool) -> When:
    anchors = [Anchor.DAY, Anchor.LATER] + ([Anchor.BEFORE, Anchor.AFTER, Anchor.ON_THE_DAY] * 2 if dated else [])
    anchor = draw(st.sampled_from(anchors))
    at = draw(st.none() | clocks)
    if anchor is Anchor.DAY:
        first = draw(st.integers(0, 12))
        return When(anchor, days=first, last_day=draw(st.none() | st.integers(first + 1, first + 9)), at=at)
    duration = None if anchor is Anchor.ON_THE_DAY else draw(durations())
    return When(anchor, duration=duration, at=at)


@st.composite
def steps(draw: st.DrawFn, sequence: str, number: int, *, dated: bool) -> Step:
    key = f"s{number}"
    able = [each for each in ACTIONS if each != ("enrol", sequence)]  # `check` refuses a circle
    what = draw(st.sampled_from(("mail", "mail", "mail", "task", "action")))
    actions = tuple(Action(*each, HERE) for each in draw(st.lists(st.sampled_from(able), max_size=2, unique=True)))
    step = Step(
        key=key,
        title=key,
        when=draw(whens(dated=dated)),
        place=HERE,
        kind=draw(st.sampled_from(KINDS)),
        condition=draw(seldom(conditions)),
        drop_after=draw(seldom(durations())),
        window=draw(seldom(st.sampled_from(WINDOWS))),
        actions=actions if draw(st.booleans()) else (),
    )
    if draw(seldom(st.just(value=True))):
        step = replace(step, wait_for=draw(conditions), wait_up_to=draw(durations()))
    if what == "mail":
        return replace(step, subjects=(Subject(key, (), HERE),))
    return replace(step, task=TaskField("call", "desk")) if what == "task" else step


@st.composite
def exits(draw: st.DrawFn, *, goal: bool = False) -> Exit:
    way = Exit(HERE)
    what = draw(st.sampled_from(("event", "event", "same", "when")))
    if what == "when":
        way = replace(way, when=Expression(draw(st.sampled_from(CONDITIONS[3:10])), HERE))
    else:
        name = draw(st.sampled_from(("appointment.booked", "appointment.cancelled", "visit.completed", "purchase")))
        way = replace(way, event=name) if what == "event" else replace(way, same=name)
    if goal:
        way = replace(way, within=draw(st.none() | durations(40)), stay=draw(st.booleans()))
    return way


@st.composite
def sequences(draw: st.DrawFn, key: str = "letters") -> Sequence:
    source = draw(st.sampled_from(DATES))
    on = draw(st.lists(st.sampled_from(TRIGGERS), min_size=1, max_size=2, unique=True))
    on = [each for each in on if each.on != "date" or source] or [TRIGGERS[0]]
    dated = source is not None or any(each.on == "rhythm" for each in on)
    shares = draw(seldom(st.sampled_from(((("short", 50), ("long", 50)), (("holdout", 100),))))) or ()
    again = draw(st.sampled_from(list(Again)))
    return Sequence(
        key=key,
        title=key,
        stage=Stage.NURTURE,
        topic="Tips and ideas",
        kind=Kind.LETTER,
        enrol=Enrol(
            tuple(on),
            when=draw(seldom(conditions)),
            again=again,
            again_after=draw(durations()) if again is Again.AFTER else None,
        ),
        steps=tuple(draw(steps(key, number, dated=dated)) for number in range(draw(st.integers(1, 6)))),
        place=HERE,
        date=source,
        every=Duration.of(1, Unit.MONTHS) if source == "contact.day" and draw(st.booleans()) else None,
        stop=tuple(draw(st.lists(exits(), max_size=2))),
        goal=draw(seldom(exits(goal=True))),
        at_most=draw(seldom(st.builds(AtMost, st.integers(1, 3), st.booleans()))),
        window=draw(seldom(st.sampled_from(WINDOWS))),
        arms=shares,
    )


minutes = st.integers(0, 60 * 24 * 60).map(lambda each: START + timedelta(minutes=each))


@st.composite
def incidents(draw: st.DrawFn) -> Incident:
    at = draw(minutes)
    what = draw(
        st.sampled_from(("booked", "booked", "cancelled", "visit", "purchase", "click", "answer", "fields", "work"))
    )
    if what == "work":
        return Incident(at, works=True)
    if what == "fields":
        return Incident(at, change=draw(st.sampled_from(list(_changes()))))
    return Incident(at, event=_event(draw, what, at))


def _changes() -> list[dict[str, Any]]:
    days = (None, "02-29", "10-20", "11-01", "12-31")
    return (
        [{"birthday": day} for day in days]
        + [{"day": day} for day in (None, "2026-10-15", "2026-11-10", "2020-02-29")]
        + [{"stage": stage} for stage in ("lead", "client", "former")]
    )


def _event(draw: st.DrawFn, what: str, at: datetime) -> Happening:
    about = draw(st.sampled_from(("A1", "A2", "A3")))
    own = {"sequence": draw(st.sampled_from(("letters", "other"))), "step": f"s{draw(st.integers(0, 4))}"}
    key = f"{what}-{at.isoformat()}"
    match what:
        case "booked":
            starts = draw(st.none() | minutes)
            data = {"starts": starts.isoformat()} if starts else {}
            return Happening("appointment.booked", at, data, about=about, key=key)
        case "cancelled":
            return Happening("appointment.cancelled", at, about=about, key=key)
        case "visit":
            return Happening("visit.completed", at, {"service": "Cut"}, about=draw(st.none() | st.just(about)), key=key)
        case "purchase":
            return Happening("purchase", at, value=Decimal(10), key=key)
        case "click":
            return Happening("click", at, own, key=key)
    return Happening("answer", at, own | {"value": draw(st.sampled_from(("yes", "no")))}, key=key)


@st.composite
def outages(draw: st.DrawFn) -> tuple[tuple[datetime, datetime], ...]:
    found = []
    for _ in range(draw(st.integers(0, 2))):
        start = draw(minutes)
        found.append((start, start + timedelta(hours=draw(st.integers(1, 24 * 20)))))
    return tuple(found)


CLOSED = (date(2026, 10, 12), date(2026, 12, 25))
