"""When steps fall due."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.duration import add
from service.domain.moment import Moment
from service.domain.schedule import Local, Progress, due_at, needs_rhythm, next_step, turns
from service.domain.sequence.model.duration import Duration, Unit
from service.domain.sequence.model.step import Anchor, TaskField, When
from service.domain.sequence.vocabulary import Kind
from tests.domain.stories import BERLIN, LOCAL, after, at, before, day, later, letters, on_the_day, step

ENTERED = at("2026-11-20 14:30")  # a Friday, 15:30 in Berlin


def test_day_zero_is_at_once() -> None:
    only = step("hello", day(0))
    assert due_at(only, letters(only), Progress(ENTERED), LOCAL) == ENTERED


def test_day_n_is_that_many_days_after_entering_at_the_same_local_time() -> None:
    only = step("hello", day(2))
    assert due_at(only, letters(only), Progress(ENTERED), LOCAL) == at("2026-11-22 14:30")


def test_day_n_at_a_time_is_local_over_the_change_of_the_clocks() -> None:
    only = step("hello", day(2, time(10)))
    summer = Progress(at("2026-10-24 12:00"))
    assert due_at(only, letters(only), summer, LOCAL) == at("2026-10-26 09:00")


def test_day_zero_at_a_time_that_has_passed_is_the_next_day() -> None:
    only = step("hello", day(0, time(10)))
    assert due_at(only, letters(only), Progress(ENTERED), LOCAL) == at("2026-11-21 09:00")


def test_later_counts_from_the_last_step_done_and_from_entering_before_the_first() -> None:
    first, second = step("first", later(3, Unit.HOURS)), step("second", later(2, Unit.DAYS, time(10)))
    sequence = letters(first, second)
    assert due_at(first, sequence, Progress(ENTERED), LOCAL) == ENTERED + timedelta(hours=3)
    done = Progress(ENTERED, ("first",), last_done_at=at("2026-11-23 08:00"))
    assert due_at(second, sequence, done, LOCAL) == at("2026-11-25 09:00")


def test_a_mail_that_was_held_for_long_pushes_the_next_one_back() -> None:
    """Rule 2: not sooner after the last mail really sent than the written distance less one day."""
    two, five = step("two", day(2, time(10))), step("five", day(5, time(10)))
    sequence = letters(two, five)
    on_time = Progress(ENTERED, ("two",), at("2026-11-22 09:00"), at("2026-11-22 09:00"), "two")
    assert due_at(five, sequence, on_time, LOCAL) == at("2026-11-25 09:00")
    late = Progress(ENTERED, ("two",), at("2026-11-24 11:00"), at("2026-11-24 11:00"), "two")
    assert due_at(five, sequence, late, LOCAL) == at("2026-11-27 09:00")


def test_months_end_on_the_last_day_there_is() -> None:
    month = Duration(Decimal(1), Unit.MONTHS)
    assert add(at("2027-01-31 11:00"), month, BERLIN) == at("2027-02-28 11:00")
    year = Duration(Decimal(1), Unit.YEARS)
    assert add(at("2028-02-29 11:00"), year, BERLIN) == at("2029-02-28 11:00")


@pytest.mark.parametrize(
    ("passed", "following"),
    [((), "one"), (("one",), "two"), (("one", "gone"), "two"), (("two",), "three"), (("one", "two", "three"), None)],
)
def test_the_next_step_is_the_first_behind_the_last_one_that_is_behind(
    passed: tuple[str, ...], following: str | None
) -> None:
    sequence = letters(step("one", day(0)), step("two", day(1)), step("three", day(2)))
    found = next_step(sequence, passed)
    assert (found.key if found else None) == following


@given(
    st.datetimes(datetime(2024, 1, 1), datetime(2031, 12, 31), timezones=st.just(UTC)),
    st.integers(0, 400),
    st.one_of(st.none(), st.times().map(lambda each: each.replace(second=0, microsecond=0))),
    st.sampled_from(sorted(available_timezones() - {"localtime"})),
)
def test_no_step_is_due_before_entering(entered: datetime, days: int, clock: time | None, zone: str) -> None:
    only = step("only", day(days, clock))
    assert due_at(only, letters(only), Progress(entered), Local(ZoneInfo(zone))) >= entered


DATE = Moment(at("2026-12-03 15:00"))  # four in the afternoon in Berlin
A_DAY = Moment(at("2026-12-02 23:00"), is_day=True)


@pytest.mark.parametrize(
    ("when", "moment", "due"),
    [
        (before(1, Unit.DAYS), DATE, "2026-12-02 15:00"),
        (before(1, Unit.DAYS, time(10)), DATE, "2026-12-02 09:00"),
        (before(2, Unit.HOURS), DATE, "2026-12-03 13:00"),
        (before(2, Unit.HOURS, time(15)), DATE, "2026-12-02 14:00"),  # three o'clock would be only an hour before
        (after(3, Unit.DAYS), DATE, "2026-12-06 15:00"),
        (after(3, Unit.DAYS, time(10)), DATE, "2026-12-06 09:00"),
        (after(2, Unit.HOURS, time(10)), DATE, "2026-12-04 09:00"),
        (on_the_day(), DATE, "2026-12-02 23:00"),
        (on_the_day(time(9)), DATE, "2026-12-03 08:00"),
        (on_the_day(), A_DAY, "2026-12-02 23:00"),
        (before(1, Unit.WEEKS, time(11)), A_DAY, "2026-11-26 10:00"),
        (after(1, Unit.MONTHS), A_DAY, "2027-01-02 23:00"),
        (after(2, Unit.RHYTHMS), A_DAY, "2026-12-22 23:00"),
    ],
)
def test_dated_steps_count_from_the_date(when: When, moment: Moment, due: str) -> None:
    only = step("only", when, Kind.SERVICE)
    local = replace(LOCAL, rhythm=timedelta(days=10))
    assert due_at(only, letters(only), Progress(ENTERED, date=moment), local) == at(due)


def test_a_before_step_moves_back_to_the_last_open_minute_and_the_others_forward() -> None:
    """The third of January 2027 is a Sunday; a mail the day after moves on to Monday, which the throttle does."""
    monday = Moment(at("2027-01-04 15:00"))
    progress = Progress(ENTERED, date=monday)
    eve = step("eve", before(1, Unit.DAYS, time(10)))
    assert due_at(eve, letters(eve), progress, LOCAL) == at("2027-01-02 18:00")
    closed = replace(LOCAL, closed=(date(2027, 1, 1), date(2027, 1, 2)))
    assert due_at(eve, letters(eve), progress, closed) == at("2026-12-31 18:00")
    call = replace(eve, subjects=(), task=TaskField("call", "front-desk"))
    assert due_at(call, letters(call), progress, closed) == at("2027-01-03 09:00"), "people's work knows no window"


def test_a_time_of_day_behind_hours_is_not_sooner_than_those() -> None:
    only = step("only", later(2, Unit.HOURS, time(16)))  # entered at half past three
    assert due_at(only, letters(only), Progress(ENTERED), LOCAL) == at("2026-11-21 15:00")


def test_a_surprise_comes_on_one_of_its_days_drawn_evenly_and_once_a_person() -> None:
    gift = step("gift", When(Anchor.DAY, days=4, last_day=9, at=time(10)))

    def drawn(seed: str) -> int:
        due = due_at(gift, letters(gift), Progress(ENTERED), replace(LOCAL, seed=seed))
        return (due.date() - ENTERED.date()).days

    days = Counter(drawn(f"person {number}") for number in range(3_000))
    assert set(days) == {4, 5, 6, 7, 8, 9}
    assert max(days.values()) - min(days.values()) < 120
    assert drawn("ana") == drawn("ana")


def test_the_written_distance_from_a_surprise_is_from_the_day_that_was_drawn() -> None:
    gift, thanks = step("gift", When(Anchor.DAY, days=75, last_day=110)), step("thanks", day(112))
    sequence, late = letters(gift, thanks), 0
    for number in range(50):
        local = replace(LOCAL, seed=str(number))
        gone = due_at(gift, sequence, Progress(ENTERED), local)
        progress = Progress(ENTERED, ("gift",), gone, gone, "gift")
        late = max(late, (due_at(thanks, sequence, progress, local) - ENTERED).days)
    assert late == 112


def test_later_waits_for_a_dated_step_above_it() -> None:
    """`1 hour later` below `On the day` is an hour after that, not after entering."""
    card, said = step("card", on_the_day(time(9))), step("said", later(1, Unit.HOURS))
    sequence = letters(step("hello", day(0)), card, said)
    progress = Progress(ENTERED, ("hello",), ENTERED, date=DATE)
    assert [turn.step.key for turn in turns(sequence, progress, LOCAL)] == ["card"]
    gone = at("2026-12-03 08:00")
    done = replace(progress, passed=("hello", "card"), last_done_at=gone)
    assert [(turn.step.key, turn.due_at) for turn in turns(sequence, done, LOCAL)] == [("said", at("2026-12-03 09:00"))]


def test_day_n_waits_for_no_date() -> None:
    card, tip = step("card", on_the_day(time(9))), step("tip", day(3))
    progress = Progress(ENTERED, date=DATE)
    assert [turn.step.key for turn in turns(letters(card, tip), progress, LOCAL)] == ["tip", "card"]


def test_what_has_no_date_or_no_rhythm_can_not_be_due() -> None:
    dated, rhythmic = step("dated", on_the_day()), step("rhythmic", later(1, Unit.RHYTHMS))
    for each in (dated, rhythmic):
        with pytest.raises(ValueError, match=r"date|rhythm"):
            due_at(each, letters(each), Progress(ENTERED), LOCAL)
    assert needs_rhythm(letters(rhythmic))
    assert not needs_rhythm(letters(dated))
