"""When mail may leave: days of the week and hours of the day, in the recipient's local time.

Local time exists only here and in `service.domain.schedule`; everything else speaks UTC.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

ALL_DAYS = frozenset(range(7))


@dataclass(frozen=True, slots=True)
class Span:
    """Days (0 = Monday) and hours, both ends belonging to it. `end` never lies before `start`."""

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
    return datetime.combine(day, at, tzinfo=zone).astimezone(UTC)


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
    start = utc(day, span.start, zone)
    end = datetime.combine(day, span.end, tzinfo=zone).replace(fold=1).astimezone(UTC)
    if at <= start:
        return start
    return at if at <= end else None


def is_open(window: Window, at: datetime, zone: ZoneInfo, closed: Iterable[date] = ()) -> bool:
    """Whether mail may leave at this instant."""
    return next_open(window, at, zone, closed) == at
