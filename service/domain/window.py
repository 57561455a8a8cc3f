"""When mail may leave: days of the week and hours of the day, in the recipient's local time.

Local time exists only here and in `service.domain.schedule`; everything else speaks UTC.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

ALL_DAYS = frozenset(range(7))
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Span:
    """Days (0 = Monday) and hours. Both ends belong to it, the minute that `end` names to its last second; `end` never
    lies before `start`."""

    days: frozenset[int]
    start: time
    end: time


@dataclass(frozen=True, slots=True)
class Window:
    """Several spans; an empty window is open at any time."""

    spans: tuple[Span, ...]

    @classmethod
    def any(cls) -> Window:
        return cls(())

    @property
    def always_open(self) -> bool:
        return not self.spans


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
    if window.always_open and not shut:
        return at
    spans = window.spans or (Span(ALL_DAYS, time.min, time.max),)
    first = at.astimezone(zone).date()
    # An hour repeated in autumn can make yesterday's last local minute come late, so the search starts a day early.
    for offset in range(-1, 367):
        day = first + timedelta(days=offset)
        if day in shut:
            continue
        opens = [_open_on(day, span, at, zone) for span in spans if day.weekday() in span.days]
        found = [instant for instant in opens if instant is not None]
        if found:
            return min(found)
    return None


def _open_on(day: date, span: Span, at: datetime, zone: ZoneInfo) -> datetime | None:
    start, last = _bounds(day, span, zone)
    if start > last:
        return None
    if at <= start:
        return start
    return at if at < last + MINUTE else None


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
    spans = window.spans or (Span(ALL_DAYS, time.min, time.max),)
    last = at.astimezone(zone).date()
    for offset in range(1, -367, -1):
        day = last + timedelta(days=offset)
        if day in shut:
            continue
        ends = [_open_until(day, span, at, zone) for span in spans if day.weekday() in span.days]
        found = [instant for instant in ends if instant is not None]
        if found:
            return max(found)
    return None


def _open_until(day: date, span: Span, at: datetime, zone: ZoneInfo) -> datetime | None:
    start, last = _bounds(day, span, zone)
    if start > last:
        return None
    if at >= last + MINUTE:
        return last
    return at if at >= start else None


def is_open(window: Window, at: datetime, zone: ZoneInfo, closed: Iterable[date] = ()) -> bool:
    """Whether mail may leave at this instant."""
    return next_open(window, at, zone, closed) == at
