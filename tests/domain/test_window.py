"""When mail may leave: windows in local time, over every zone and every change of the clocks."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

from hypothesis import given
from hypothesis import strategies as st

from service.domain.window import Span, Window, is_open, last_open, next_open, utc
from tests.domain.stories import BERLIN, OFFICE, at

ZONES = st.sampled_from(sorted(available_timezones() - {"localtime"}))
INSTANTS = st.datetimes(datetime(2024, 1, 1), datetime(2031, 12, 31), timezones=st.just(UTC))
TIMES = st.times().map(lambda each: each.replace(second=0, microsecond=0))


@st.composite
def windows(draw: st.DrawFn) -> Window:
    first, last = sorted((draw(TIMES), draw(TIMES)))
    days = draw(st.frozensets(st.integers(0, 6), min_size=1))
    return Window((Span(days, first, last),))


@given(windows(), INSTANTS, ZONES)
def test_the_next_open_instant_is_never_before_and_always_open(window: Window, now: datetime, zone: str) -> None:
    opens = next_open(window, now, ZoneInfo(zone))
    assert opens is not None
    assert opens >= now
    assert is_open(window, opens, ZoneInfo(zone))


@given(windows(), INSTANTS, ZONES)
def test_nothing_between_now_and_the_next_opening_is_open(window: Window, now: datetime, zone: str) -> None:
    opens = next_open(window, now, ZoneInfo(zone))
    assert opens is not None
    halfway = now + (opens - now) / 2
    assert opens == now or not is_open(window, halfway, ZoneInfo(zone))


def test_a_mail_due_on_saturday_night_waits_for_monday_morning() -> None:
    assert next_open(OFFICE, at("2026-11-21 20:00"), BERLIN) == at("2026-11-23 08:00")


def test_the_last_minute_belongs_to_the_window() -> None:
    assert is_open(OFFICE, at("2026-11-20 18:00"), BERLIN)
    assert is_open(OFFICE, at("2026-11-20 18:00") + timedelta(seconds=59), BERLIN)
    assert not is_open(OFFICE, at("2026-11-20 18:01"), BERLIN)


def test_closure_days_are_passed() -> None:
    christmas = [date(2026, 12, 24), date(2026, 12, 25)]
    assert next_open(OFFICE, at("2026-12-24 10:00"), BERLIN, christmas) == at("2026-12-26 08:00")


def test_a_window_that_never_opens_says_so() -> None:
    every_day = [date(2026, 1, 1) + timedelta(days=day) for day in range(900)]
    assert next_open(OFFICE, at("2026-11-20 10:00"), BERLIN, every_day) is None


def test_a_local_time_that_does_not_exist_moves_forward_and_one_that_happens_twice_is_the_first() -> None:
    assert utc(date(2026, 3, 29), time(2, 30), BERLIN) == at("2026-03-29 01:30")
    assert utc(date(2026, 10, 25), time(2, 30), BERLIN) == at("2026-10-25 00:30")


def test_without_spans_it_is_always_open() -> None:
    assert next_open(Window.any(), at("2026-11-22 03:00"), BERLIN) == at("2026-11-22 03:00")


NIGHT = Window((Span(frozenset(range(7)), time(1), time(2, 30)),))
GAP = Window((Span(frozenset(range(7)), time(2, 10), time(3, 5)),))


def test_an_end_that_does_not_exist_moves_forward_and_one_that_comes_twice_is_the_second() -> None:
    assert is_open(NIGHT, at("2026-03-29 00:45"), BERLIN)  # a quarter to two, just before the clocks go forward
    assert is_open(NIGHT, at("2026-03-29 01:30"), BERLIN)  # half past three, which half past two became
    assert not is_open(NIGHT, at("2026-03-29 01:31"), BERLIN)
    assert is_open(NIGHT, at("2026-10-25 01:30"), BERLIN)  # half past two for the second time
    assert not is_open(NIGHT, at("2026-10-25 01:31"), BERLIN)


def test_of_hours_that_were_left_out_there_may_be_nothing_left() -> None:
    """From ten past two, which becomes ten past three, to five past three: not on this day."""
    assert next_open(GAP, at("2026-03-29 00:00"), BERLIN) == at("2026-03-30 00:10")
    assert last_open(GAP, at("2026-03-29 12:00"), BERLIN) == at("2026-03-28 02:05")


def test_the_last_open_minute_is_where_one_may_still_leave_in() -> None:
    assert last_open(OFFICE, at("2026-11-22 12:00"), BERLIN) == at("2026-11-21 18:00")
    assert last_open(OFFICE, at("2026-11-20 12:00"), BERLIN) == at("2026-11-20 12:00")
    assert last_open(OFFICE, at("2026-11-20 07:00"), BERLIN) == at("2026-11-19 18:00")
    all_day = Window((Span(frozenset(range(7)), time(0), time.max),))
    assert last_open(all_day, at("2026-11-20 07:00"), BERLIN, [date(2026, 11, 20)]) == at("2026-11-19 22:59")


def test_a_window_that_never_opened_says_so() -> None:
    every_day = [date(2025, 1, 1) + timedelta(days=day) for day in range(900)]
    assert last_open(OFFICE, at("2026-11-20 10:00"), BERLIN, every_day) is None


def test_two_spans_are_open_in_either() -> None:
    two = Window((Span(frozenset({4}), time(9), time(10)), Span(frozenset({4}), time(14), time(15))))
    assert next_open(two, at("2026-11-20 10:00"), BERLIN) == at("2026-11-20 13:00")
    assert last_open(two, at("2026-11-20 12:30"), BERLIN) == at("2026-11-20 09:00")
    assert next_open(two, at("2026-11-20 15:00"), BERLIN) == at("2026-11-27 08:00")
