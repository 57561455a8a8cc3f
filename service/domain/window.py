"""When mail may leave: days of the week and hours of the day, in the recipient's local time.

Local time exists only here and in `service.domain.schedule`; everything else speaks UTC.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

ALL_DAYS = frozenset(range(7))
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


class Span(NamedTuple):
    """Days (0 = Monday) and hours. Both ends belong to it, the minute that `end` names to its last second; `end` never
    lies before `start`."""

    days: frozenset[int]
    start: time
    end: time


class Window(NamedTuple):
    """Several spans; an empty window is open at any time."""

    spans: tuple[Span, ...]

    @classmethod
    def any(cls) -> Window:
        return cls(())

    @property
    def always_open(self) -> bool:
        return not self.spans


@lru_cache(maxsize=4096)  # what is written for ten o'clock is ten o'clock for many
def utc(day: date, at: time, zone: ZoneInfo) -> datetime:
    """The instant of a local wall time: one that does not exist moves forward, one that happens twice is the first.

    >>> utc(date(2026, 3, 29), time(2, 30), ZoneInfo("Europe/Berlin")).isoformat()
    '2026-03-29T01:30:00+00:00'
    """
    return datetime.combine(day, at.replace(fold=0), tzinfo=zone).astimezone(UTC)


def next_open(window: Window, at: datetime, zone: ZoneInfo, closed: Iterable[date] = ()) -> datetime | None:
    """The first instant not before `at` (aware, UTC) that the window allows; None where a year holds none.

    `closed` are the business's local closure days.
    """
    shut = frozenset(closed)
    return at if window.always_open and not shut else _next_open(window, at, zone, shut)


@lru_cache(maxsize=4096)  # many people are looked at in one instant, and whom it clears, the same one lets go of again
def _next_open(window: Window, at: datetime, zone: ZoneInfo, shut: frozenset[date]) -> datetime | None:
    today = at.astimezone(zone).date()
    if today not in shut and _holds(_hours(window, today, zone), at):
        return at
    # An hour repeated in autumn can make yesterday's last local minute come late, so the search starts a day early.
    day = today - DAY
    for _ in range(368):
        if day not in shut:
            for start, ends in _hours(window, day, zone):
                if at < ends:
                    return max(at, start)
        day += DAY
    return None


@lru_cache(maxsize=4096)
def opened_at(window: Window, at: datetime, zone: ZoneInfo) -> datetime | None:
    """When the hours opened that hold this instant, of a window that is open; None where they began the day before."""
    hours = _hours(window, at.astimezone(zone).date(), zone)
    return next((start for start, ends in hours if start <= at < ends), None)


def _holds(hours: tuple[tuple[datetime, datetime], ...], at: datetime) -> bool:
    return any(start <= at < ends for start, ends in hours)


@lru_cache(maxsize=4096)  # many people share the hours of a day
def _hours(window: Window, day: date, zone: ZoneInfo) -> tuple[tuple[datetime, datetime], ...]:
    """What is open on a local day: from each first instant until before the last, the earliest first."""
    spans = window.spans or (Span(ALL_DAYS, time.min, time.max),)
    bounds = (_bounds(day, span, zone) for span in spans if day.weekday() in span.days)
    return tuple(sorted((start, last + MINUTE) for start, last in bounds if start <= last))


def _bounds(day: date, span: Span, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The first instant and the beginning of the last open minute. In autumn the later of two same minutes is the last;
    in spring both ends move forward, and what is left of a span may be nothing."""
    end = span.end.replace(second=0, microsecond=0)
    again = datetime.combine(day, end.replace(fold=1), tzinfo=zone).astimezone(UTC)
    return utc(day, span.start, zone), max(utc(day, end, zone), again)


def last_open(window: Window, at: datetime, zone: ZoneInfo, closed: Iterable[date] = ()) -> datetime | None:
    """The last instant not after `at` (aware, UTC) that the window allows; None where a year holds none.

    Of an hour that has closed it is the beginning of the last minute, so that there is time to leave in.
    """
    shut = frozenset(closed)
    if window.always_open and not shut:
        return at
    day = at.astimezone(zone).date() + DAY
    for _ in range(368):
        hours = _hours(window, day, zone) if day not in shut else ()
        found = [at if at < ends else ends - MINUTE for start, ends in hours if start <= at]
        if found:
            return max(found)
        day -= DAY
    return None


def is_open(window: Window, at: datetime, zone: ZoneInfo, closed: Iterable[date] = ()) -> bool:
    """Whether mail may leave at this instant."""
    return next_open(window, at, zone, closed) == at
