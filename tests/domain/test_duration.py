"""Lengths of time: on the clock up to hours, on the calendar from days."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from service.domain.duration import add, nominal_days, plus_months, subtract
from service.domain.sequence.model.duration import Duration, Unit
from tests.domain.stories import BERLIN, at

WINTER_EVE = at("2026-10-24 10:00")  # noon in Berlin, the day before the clocks go back


@pytest.mark.parametrize(
    ("amount", "unit", "then"),
    [
        (24, Unit.HOURS, "2026-10-25 10:00"),  # eleven o'clock by then
        (1, Unit.DAYS, "2026-10-25 11:00"),  # noon again
        (2, Unit.WEEKS, "2026-11-07 11:00"),
        (1, Unit.MONTHS, "2026-11-24 11:00"),
        (1, Unit.YEARS, "2027-10-24 10:00"),
        (90, Unit.MINUTES, "2026-10-24 11:30"),
    ],
)
def test_hours_are_of_the_clock_and_days_of_the_calendar(amount: int, unit: Unit, then: str) -> None:
    assert add(WINTER_EVE, Duration.of(amount, unit), BERLIN) == at(then)
    assert subtract(at(then), Duration.of(amount, unit), BERLIN) == WINTER_EVE


def test_rhythms_are_the_persons_own_in_whole_days() -> None:
    length = Duration(Decimal("1.75"), Unit.RHYTHMS)
    assert add(at("2026-11-20 10:00"), length, BERLIN, rhythm=timedelta(days=42)) == at("2027-02-02 10:00")
    with pytest.raises(ValueError, match=r"1\.75 rhythms needs"):
        add(at("2026-11-20 10:00"), length, BERLIN)


def test_months_take_the_last_day_there_is() -> None:
    assert plus_months(date(2027, 1, 31), 1) == date(2027, 2, 28)
    assert plus_months(date(2027, 1, 31), 13) == date(2028, 2, 29)
    assert plus_months(date(2027, 1, 31), -2) == date(2026, 11, 30)
    assert plus_months(date(2028, 2, 29), 12) == date(2029, 2, 28)


def test_a_day_later_than_the_second_of_two_same_hours_is_the_first_of_two_the_year_after() -> None:
    """Half past two comes twice on 25 October 2026; what counts from the second is no hour off ever after."""
    second = at("2026-10-25 01:30")
    assert add(second, Duration.of(1, Unit.DAYS), BERLIN) == at("2026-10-26 01:30")
    assert add(second, Duration.of(364, Unit.DAYS), BERLIN) == at("2027-10-24 00:30")
    spring = (date(2027, 3, 28) - date(2026, 10, 25)).days  # half past two does not exist then: it moves forward
    assert add(second, Duration.of(spring, Unit.DAYS), BERLIN) == at("2027-03-28 01:30")


def test_no_days_later_is_the_same_instant_even_where_the_hour_comes_twice() -> None:
    second = at("2026-10-25 01:30")
    assert add(second, Duration.of(0, Unit.DAYS), BERLIN) == second
    assert add(second, Duration.of(0, Unit.MONTHS), BERLIN) == second
    assert add(second, Duration(Decimal("0.01"), Unit.RHYTHMS), BERLIN, rhythm=timedelta(days=7)) == second


def test_a_day_that_a_country_left_out_moves_forward() -> None:
    """Samoa had no 30 December 2011."""
    apia = ZoneInfo("Pacific/Apia")
    before = at("2011-12-29 20:00")  # ten in the morning of the 29th
    assert add(before, Duration.of(1, Unit.DAYS), apia).astimezone(apia).date() == date(2011, 12, 31)


def test_what_is_written_is_compared_roughly() -> None:
    assert nominal_days(Duration.of(36, Unit.HOURS)) == 1.5
    assert nominal_days(Duration.of(2, Unit.MONTHS)) == 60
    assert nominal_days(Duration.of(3, Unit.RHYTHMS)) == 0
