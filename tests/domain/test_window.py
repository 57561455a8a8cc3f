"""When mail may leave: windows in local time, over every zone and every change of the clocks."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

from hypothesis import given
from hypothesis import strategies as st

from service.domain.window import Span, Window, is_open, next_open, utc
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
