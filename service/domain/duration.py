"""Lengths of time as people mean them: minutes and hours on the clock, days and longer on the calendar."""

from __future__ import annotations

import calendar
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from service.domain.sequence.model.duration import Duration, Unit
from service.domain.window import utc

FIXED = {Unit.MINUTES: timedelta(minutes=1), Unit.HOURS: timedelta(hours=1)}
NOMINAL_DAYS = {Unit.DAYS: 1, Unit.WEEKS: 7, Unit.MONTHS: 30, Unit.YEARS: 365}
MONTHS = {Unit.MONTHS: 1, Unit.YEARS: 12}
DAY = timedelta(days=1)


def add(start: datetime, duration: Duration, zone: ZoneInfo, *, rhythm: timedelta | None = None) -> datetime:
    """`start` (UTC) and a duration later; `rhythm` is the person's own visiting interval, for durations in rhythms.

    Months and years keep the day, or take the month's last one (31 January and a month: 28 or 29 February). Raises
    ValueError where a rhythm is needed and not known.
    """
    return _move(start, duration, zone, rhythm, 1)


def subtract(start: datetime, duration: Duration, zone: ZoneInfo, *, rhythm: timedelta | None = None) -> datetime:
    """`start` and a duration before it; 29 February and a year before: 28 February."""
    return _move(start, duration, zone, rhythm, -1)


def _move(start: datetime, duration: Duration, zone: ZoneInfo, rhythm: timedelta | None, sign: int) -> datetime:
    amount, unit = duration.amount * sign, duration.unit
    if not amount:
        return start
    if unit in FIXED:
        return start + FIXED[unit] * float(amount)
    if unit in MONTHS:
        local = start.astimezone(zone)
        return utc(plus_months(local.date(), int(amount) * MONTHS[unit]), local.time(), zone)
    if unit is Unit.RHYTHMS:
        if rhythm is None:
            raise ValueError(f"{duration} needs the person's own rhythm")
        return plus_days(start, round(amount * Decimal(rhythm / DAY)), zone)
    days = amount * NOMINAL_DAYS[unit]
    return plus_days(start, int(days), zone) + timedelta(days=float(days - int(days)))


def plus_days(start: datetime, days: int, zone: ZoneInfo) -> datetime:
    """As many calendar days later in the zone, at the same local time."""
    if not days:
        return start  # even where its local time happens twice, and it is the second
    # On the wall's clock, of an hour that happens twice the first: what `utc` would do, without taking it apart.
    return (start.astimezone(zone) + DAY * days).astimezone(UTC)


def plus_months(day: date, months: int) -> date:
    """The same day of another month, or that month's last one."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def nominal_days(duration: Duration) -> float:
    """Roughly how many days: for comparing what is written, never for reckoning a time."""
    if duration.unit in FIXED:
        return float(duration.amount) * (FIXED[duration.unit] / DAY)
    return float(duration.amount) * NOMINAL_DAYS.get(duration.unit, 0)
