"""How a person leaves: goal before stop, what happened since entering, what has to be about the same."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from service.domain.departure import Convert, Leave, exit_of
from service.domain.facts import Facts
from service.domain.happening import Happening
from service.domain.moment import Moment
from service.domain.schedule import Progress
from service.domain.sequence.model.duration import Duration, Unit
from service.domain.sequence.model.enrol import Again, Enrol, Trigger
from service.domain.sequence.model.exit import Exit
from service.domain.sequence.model.sequence import Sequence
from tests.domain.stories import HERE, after, asks, at, day, facts, letters, step

ENTERED = at("2026-11-20 10:00")
NOW = at("2026-12-20 10:00")
BOOKED, CANCELLED, VISIT = "appointment.booked", "appointment.cancelled", "visit.completed"
HELLO = step("hello", day(0))


def happened(name: str, days: float, about: str | None = None, key: str = "", **data: str) -> Happening:
    return Happening(name, ENTERED + timedelta(days=days), data, about=about, key=key or about or name)


def leaves(sequence: Sequence, *happenings: Happening, progress: Progress | None = None, **known: object) -> str | None:
    about: Facts = replace(facts(NOW, ENTERED, happenings), **known)
    found = exit_of(sequence, progress or Progress(ENTERED), about, NOW)
    if isinstance(found, Leave):
        assert found.reason.endswith(".")
        return f"{found.state}: {found.rule}"
    return "stays" if isinstance(found, Convert) else None


def test_an_event_about_anything_stops_and_one_before_entering_does_not() -> None:
    sequence = letters(HELLO, stop=(Exit(HERE, event=BOOKED),))
    assert leaves(sequence, happened(BOOKED, 1, "A1")) == "stopped: stop"
    assert leaves(sequence, happened(BOOKED, -1, "A1")) is None


def test_same_asks_for_what_began_this_enrolment() -> None:
    sequence = letters(HELLO, stop=(Exit(HERE, same=CANCELLED),))
    known = {"about": "A1", "began_by": BOOKED}
    assert leaves(sequence, happened(CANCELLED, 1, "A2"), **known) is None
    assert leaves(sequence, happened(CANCELLED, 1, "A1"), **known) == "stopped: stop"
    assert leaves(sequence, happened(CANCELLED, 1, "A1")) is None, "nothing began it that it could be the same as"


def test_same_knows_an_event_without_an_about_by_its_key() -> None:
    sequence = letters(HELLO, stop=(Exit(HERE, same="refund"),))
    assert (
        leaves(sequence, happened("refund", 1, key="order-7"), about="order-7", began_by="purchase") == "stopped: stop"
    )


def test_the_event_that_began_it_does_not_stop_it_nor_does_its_correction_but_the_next_one_does() -> None:
    """A visit began it, and the next visit ends it: the first is told at the very instant of entering."""
    sequence = letters(HELLO, stop=(Exit(HERE, event=VISIT),))
    known = {"about": "V1", "began_by": VISIT}
    assert leaves(sequence, happened(VISIT, 0, "V1"), **known) is None
    assert leaves(sequence, happened(VISIT, 2, "V1"), **known) is None
    assert leaves(sequence, happened(VISIT, 0, "V1"), happened(VISIT, 9, "V2"), **known) == "stopped: stop"


def test_the_goal_is_asked_before_the_stop_and_counts_when_it_happened() -> None:
    goal = Exit(HERE, event=BOOKED, within=Duration.of(7, Unit.DAYS))
    sequence = letters(HELLO, goal=goal, stop=(Exit(HERE, event=BOOKED),))
    assert leaves(sequence, happened(BOOKED, 6)) == "converted: goal"
    assert leaves(sequence, happened(BOOKED, 8)) == "stopped: stop"


def test_a_goal_in_rhythms_is_by_the_persons_own() -> None:
    goal = Exit(HERE, event=BOOKED, within=Duration.of(1, Unit.RHYTHMS))
    assert leaves(letters(HELLO, goal=goal), happened(BOOKED, 29)) == "converted: goal"


def test_a_condition_is_a_goal_only_while_there_is_time() -> None:
    when = asks('contact.stage == "lead"')
    assert leaves(letters(HELLO, goal=Exit(HERE, when=when))) == "converted: goal"
    assert leaves(letters(HELLO, goal=Exit(HERE, when=when, within=Duration.of(7, Unit.DAYS)))) is None


def test_who_stays_is_converted_once() -> None:
    sequence = letters(HELLO, goal=Exit(HERE, event=BOOKED, stay=True))
    assert leaves(sequence, happened(BOOKED, 1)) == "stays"
    assert leaves(sequence, happened(BOOKED, 1), progress=Progress(ENTERED, converted=True)) is None


def test_a_date_that_was_taken_away_ends_what_counts_from_it() -> None:
    sequence = letters(HELLO, step("card", after(1, Unit.DAYS)))
    assert leaves(sequence) == "stopped: no-date"
    assert leaves(sequence, progress=Progress(ENTERED, date=Moment(NOW))) is None
    assert leaves(letters(HELLO)) is None


@pytest.mark.parametrize(
    ("happening", "rule"),
    [
        (happened(VISIT, 1), "stopped: visited"),
        (
            happened(VISIT, -3),
            "stopped: visited",
        ),  # told late: it lay before the nudge, but after the visit it counts from
        (happened(VISIT, -40), None),
        (happened(BOOKED, 1, "A1"), "stopped: booked"),
        (happened(BOOKED, -50, "A1", starts="2026-12-24T10:00:00Z"), "stopped: booked"),
        (happened(BOOKED, -50, "A1", starts="2026-11-24T10:00:00Z"), None),
    ],
)
def test_a_nudge_ends_when_somebody_came_or_will_come(happening: Happening, rule: str | None) -> None:
    sequence = replace(letters(HELLO), enrol=Enrol((Trigger("rhythm", VISIT),), again=Again.ALWAYS))
    counted = {"at": (ENTERED - timedelta(days=40)).isoformat()}
    assert leaves(sequence, happening, began_by="rhythm", event=counted) == rule
    assert leaves(sequence, happening, began_by="manual") is None
