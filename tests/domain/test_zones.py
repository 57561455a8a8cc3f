"""Local time in every zone of the pinned tzdata, most of all where the clocks are changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.duration import add, plus_days, subtract
from service.domain.moment import Moment
from service.domain.schedule import Local, Progress, due_at
from service.domain.sequence.model.duration import Duration, Unit
from service.domain.sequence.vocabulary import Kind
from service.domain.window import Span, Window, is_open, last_open, next_open, utc
from tests.domain.stories import after, before, day, later, letters, on_the_day, step
from tests.domain.watch import shows

NAMES = sorted(available_timezones() - {"localtime"})
DAY = timedelta(days=1)
YEARS = range(2024, 2032)
CLOCKS = (time(0), time(1, 30), time(2, 30), time(12), time(23, 59))
HOURS = (
    Window((Span(frozenset(range(7)), time(9), time(19)),)),
    Window((Span(frozenset({5, 6}), time(0), time(2, 30)),)),
    Window((Span(frozenset(range(7)), time(22), time.max), Span(frozenset({0, 3}), time(2, 15), time(2, 45)))),
)

zones = st.sampled_from(NAMES).map(ZoneInfo)
instants = st.datetimes(datetime(2024, 1, 1), datetime(2031, 12, 31), timezones=st.just(UTC))
days = st.dates(date(2024, 1, 1), date(2031, 12, 31))
clocks = st.times().map(lambda each: each.replace(second=0, microsecond=0))
lengths = st.builds(
    Duration.of, st.integers(1, 60), st.sampled_from([each for each in Unit if each is not Unit.RHYTHMS])
)


@st.composite
def windows(draw: st.DrawFn) -> Window:
    def span() -> Span:
        first, last = sorted((draw(clocks), draw(clocks)))
        return Span(draw(st.frozensets(st.integers(0, 6), min_size=1)), first, last)

    return Window(tuple(span() for _ in range(draw(st.integers(1, 3)))))


@given(windows(), instants, zones, st.frozensets(days, max_size=3))
def test_the_next_and_the_last_open_minute_keep_their_laws(
    window: Window, now: datetime, zone: ZoneInfo, closed: frozenset[date]
) -> None:
    keep_the_laws(window, now, zone, closed)


def keep_the_laws(window: Window, now: datetime, zone: ZoneInfo, closed: frozenset[date] = frozenset()) -> None:
    """Both are open, on the right side, and the nearest of their kind; what is open moves nowhere."""
    ahead, behind = next_open(window, now, zone, closed), last_open(window, now, zone, closed)
    assert ahead is not None
    assert behind is not None
    assert behind <= now <= ahead
    for found in (ahead, behind):
        assert is_open(window, found, zone, closed)
        assert next_open(window, found, zone, closed) == last_open(window, found, zone, closed) == found
        assert shows(window, found, zone)
        assert found.astimezone(zone).date() not in closed
    assert (ahead == now) == (behind == now) == is_open(window, now, zone, closed)
    if ahead > now:
        assert next_open(window, behind + timedelta(minutes=1), zone, closed) == ahead, "open somewhere between"
        assert last_open(window, ahead - timedelta(microseconds=1), zone, closed) == behind


@given(days, clocks, zones)
def test_a_local_time_that_does_not_exist_moves_forward_and_of_two_it_is_the_first(
    day: date, clock: time, zone: ZoneInfo
) -> None:
    read_a_clock(day, clock, zone)


def read_a_clock(day: date, clock: time, zone: ZoneInfo) -> None:
    instant = utc(day, clock, zone)
    shown = instant.astimezone(zone).replace(tzinfo=None)
    meant = datetime.combine(day, clock)
    assert shown >= meant
    if shown == meant:
        assert (instant - timedelta(hours=1)).astimezone(zone).replace(tzinfo=None) != meant, "it is the second"
    else:
        assert (instant - (shown - meant)).astimezone(zone).replace(tzinfo=None) < meant, "it exists, and moved"


@given(instants, lengths, zones)
def test_a_length_of_time_goes_forward_and_keeps_the_hour(start: datetime, length: Duration, zone: ZoneInfo) -> None:
    later_by_days(start, 1, zone)
    then = add(start, length, zone)
    assert then > start
    assert subtract(start, length, zone) < start
    if length.unit in {Unit.MINUTES, Unit.HOURS}:
        assert subtract(then, length, zone) == start
        return
    local = start.astimezone(zone).time().replace(fold=0)
    assert then == utc(then.astimezone(zone).date(), local, zone) or then.astimezone(zone).time() != local


def later_by_days(start: datetime, days: int, zone: ZoneInfo) -> None:
    """The same hour of another day, the first of two such; from the second of two as well."""
    local = start.astimezone(zone)
    assert plus_days(start, days, zone) == utc(local.date() + days * DAY, local.time(), zone)
    assert plus_days(start, 0, zone) == start


@given(instants, st.integers(0, 400), zones)
def test_more_days_are_later(start: datetime, days: int, zone: ZoneInfo) -> None:
    assert plus_days(start, days + 1, zone) > plus_days(start, days, zone) >= start


@given(instants, st.integers(0, 120), st.sampled_from(CLOCKS), zones)
def test_day_n_at_a_time_is_that_local_day_and_time(
    entered: datetime, number: int, clock: time, zone: ZoneInfo
) -> None:
    on_its_day(entered, number, clock, zone)


def on_its_day(entered: datetime, number: int, clock: time, zone: ZoneInfo) -> None:
    only = step("only", day(number, clock))
    due = due_at(only, letters(only), Progress(entered), Local(zone))
    wanted = entered.astimezone(zone).date() + number * DAY
    assert due >= entered
    assert due in {utc(wanted, clock, zone), utc(wanted + DAY, clock, zone)}
    assert due == utc(wanted, clock, zone) or utc(wanted, clock, zone) < entered


@given(instants, st.integers(1, 60), st.sampled_from(CLOCKS), zones)
def test_later_is_on_that_local_day(done: datetime, number: int, clock: time, zone: ZoneInfo) -> None:
    only = step("only", later(number, Unit.DAYS, clock))
    due = due_at(only, letters(only), Progress(done, ("first",), done), Local(zone))
    assert due >= done
    assert due == utc(plus_days(done, number, zone).astimezone(zone).date(), clock, zone)


@given(instants, st.integers(1, 60), st.sampled_from(CLOCKS), zones, windows())
def test_before_comes_before_and_after_after_whatever_the_clocks_do(
    date_at: datetime, number: int, clock: time, zone: ZoneInfo, window: Window
) -> None:
    keep_to_the_date(date_at, number, clock, zone, window)


def keep_to_the_date(date_at: datetime, number: int, clock: time, zone: ZoneInfo, window: Window) -> None:
    progress = Progress(date_at - 200 * DAY, date=Moment(date_at))
    local = Local(zone, window)
    the_day = date_at.astimezone(zone).date()
    for unit in (Unit.HOURS, Unit.DAYS):
        eve = step("eve", before(number, unit))
        due = due_at(eve, letters(eve), progress, local)
        assert due < date_at
        assert is_open(window, due, zone)
        assert shows(window, due, zone)
        soon = step("soon", after(number, unit, clock), Kind.SERVICE)
        assert due_at(soon, letters(soon), progress, local) >= utc(the_day, time.min, zone)
    timed = replace(step("timed", before(number, Unit.DAYS, clock), Kind.SERVICE), window=Window.any())
    counted = plus_days(date_at, -number, zone).astimezone(zone).date()
    assert due_at(timed, letters(timed), progress, local) == utc(counted, clock, zone)
    today = step("today", on_the_day(clock))
    assert due_at(today, letters(today), progress, local) == utc(the_day, clock, zone)


def changes(zone: ZoneInfo) -> Iterator[datetime]:
    """The instants at which a zone changes its clocks."""
    week = 7 * DAY
    found = datetime(YEARS[0], 1, 1, tzinfo=UTC)
    while found.year < YEARS[-1]:
        if _offset(found, zone) != _offset(found + week, zone):
            start, end = found, found + week
            while end - start > timedelta(minutes=1):
                middle = start + (end - start) / 2
                start, end = (middle, end) if _offset(middle, zone) == _offset(start, zone) else (start, middle)
            yield end.replace(second=0, microsecond=0)
        found += week


def _offset(instant: datetime, zone: ZoneInfo) -> timedelta | None:
    return instant.astimezone(zone).utcoffset()


def about(change: datetime, zone: ZoneInfo) -> Window:
    """Hours of which both ends lie near the clock's hands at a change."""
    shown = [(change + timedelta(minutes=shift)).astimezone(zone).time() for shift in (-40, 20)]
    return Window((Span(frozenset(range(7)), min(shown), max(shown)),))


@pytest.mark.slow
@pytest.mark.parametrize("part", range(4))
def test_every_zone_keeps_the_laws_about_every_change_of_its_clocks(part: int) -> None:
    for name in NAMES[part::4]:
        zone = ZoneInfo(name)
        for number, change in enumerate((datetime(2026, 6, 1, tzinfo=UTC), *changes(zone))):
            missing = (change - timedelta(minutes=30)).astimezone(zone).replace(tzinfo=None) + timedelta(hours=1)
            for instant in (change - timedelta(minutes=30), change + timedelta(minutes=30), change + DAY):
                keep_the_laws(about(change, zone), instant, zone)
                keep_the_laws(HOURS[number % len(HOURS)], instant, zone)
                read_a_clock(instant.astimezone(zone).date(), missing.time(), zone)
                on_its_day(instant, number % 3, missing.time(), zone)
                later_by_days(instant, 364, zone)
            on_its_day(change - 3 * DAY, 3, missing.time(), zone)
            keep_to_the_date(change + 2 * DAY, 2, missing.time(), zone, about(change, zone))
