"""Small sequences and people for the tests of the core, written as values."""

from __future__ import annotations

from datetime import UTC, datetime, time
from decimal import Decimal
from zoneinfo import ZoneInfo

from service.domain.facts import Facts
from service.domain.happening import Happening, Touch
from service.domain.schedule import Local
from service.domain.sequence.model.business import Business
from service.domain.sequence.model.duration import Duration, Unit
from service.domain.sequence.model.enrol import Enrol, Trigger
from service.domain.sequence.model.exit import AtMost, Exit
from service.domain.sequence.model.expression import Expression
from service.domain.sequence.model.place import Place
from service.domain.sequence.model.sequence import Sequence
from service.domain.sequence.model.step import Anchor, Step, When
from service.domain.sequence.model.words import Subject
from service.domain.sequence.vocabulary import Kind, Stage
from service.domain.window import Span, Window

HERE = Place("sequences/letters.md")
BERLIN = ZoneInfo("Europe/Berlin")
OFFICE = Window((Span(frozenset(range(6)), time(9), time(19)),))
BUSINESS = Business(
    name="Glow Studio",
    sender="Mia <mia@glow.example>",
    address="Lindenweg 4, 10969 Berlin",
    zone="Europe/Berlin",
    window=OFFICE,
)
LOCAL = Local(BERLIN, OFFICE)


def at(text: str) -> datetime:
    """`2026-01-05 12:00` in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def day(number: int, at: time | None = None) -> When:
    return When(Anchor.DAY, days=number, at=at)


def later(amount: int, unit: Unit, at: time | None = None) -> When:
    return When(Anchor.LATER, duration=Duration(Decimal(amount), unit), at=at)


def before(amount: int, unit: Unit, at: time | None = None) -> When:
    return When(Anchor.BEFORE, duration=Duration(Decimal(amount), unit), at=at)


def after(amount: int, unit: Unit, at: time | None = None) -> When:
    return When(Anchor.AFTER, duration=Duration(Decimal(amount), unit), at=at)


def on_the_day(at: time | None = None) -> When:
    return When(Anchor.ON_THE_DAY, at=at)


def asks(source: str) -> Expression:
    return Expression(source, HERE)


def step(
    key: str, when: When, kind: Kind = Kind.LETTER, condition: str | None = None, window: Window | None = None
) -> Step:
    return Step(
        key=key,
        title=key,
        when=when,
        place=HERE,
        kind=kind,
        subjects=(Subject(key, (), HERE),),
        condition=Expression(condition, HERE) if condition else None,
        window=window,
    )


def letters(
    *steps: Step, stop: tuple[Exit, ...] = (), goal: Exit | None = None, at_most: AtMost | None = None
) -> Sequence:
    return Sequence(
        key="letters",
        title="Letters",
        stage=Stage.NURTURE,
        topic="Tips and ideas",
        kind=Kind.LETTER,
        enrol=Enrol((Trigger("signup"),)),
        steps=steps,
        place=HERE,
        stop=stop,
        goal=goal,
        at_most=at_most,
    )


def facts(
    now: datetime,
    entered_at: datetime,
    happenings: tuple[Happening, ...] = (),
    touches: tuple[Touch, ...] = (),
    **contact: object,
) -> Facts:
    return Facts(
        business=BUSINESS,
        enrolment_id=1,
        sequence="letters",
        entered_at=entered_at,
        now=now,
        zone=BERLIN,
        contact={"email": "ana@example.org", "stage": "lead"} | contact,
        happenings=happenings,
        touches=touches,
    )
