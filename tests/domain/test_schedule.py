"""When steps fall due."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.duration import add
from service.domain.schedule import Local, Progress, due_at, next_step
from service.domain.sequence.model import Duration, Unit
from tests.domain.stories import BERLIN, LOCAL, at, day, later, letters, step

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
