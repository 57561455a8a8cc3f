"""When a step is due. Days and longer are calendar units in the contact's own zone; the answers are UTC.

Rules 1 and 2 of `sequences/README.md`: `later` counts from the last step that was done; `Day N` from entering, but
not sooner after the last mail really sent than the two steps' written distance less one day.
"""

from __future__ import annotations

import calendar
from collections.abc import Sequence as Ordered
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from service.domain.sequence.model import Anchor, Duration, Sequence, Step, Unit, When
from service.domain.window import utc

FIXED = {Unit.MINUTES: timedelta(minutes=1), Unit.HOURS: timedelta(hours=1)}
NOMINAL_DAYS = {Unit.DAYS: 1, Unit.WEEKS: 7, Unit.MONTHS: 30, Unit.YEARS: 365}


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a person is in a sequence: what the time of the next step counts from. Instants in UTC."""

    entered_at: datetime
    passed: tuple[str, ...] = ()
    last_done_at: datetime | None = None
    last_mail_at: datetime | None = None
    last_mail_step: str | None = None


def next_step(sequence: Sequence, passed: Ordered[str]) -> Step | None:
    """The first step, in the file's present order, behind the last one that is behind the person."""
    behind = set(passed)
    last = max((at for at, step in enumerate(sequence.steps) if step.key in behind), default=-1)
    return sequence.steps[last + 1] if last + 1 < len(sequence.steps) else None


def due_at(step: Step, sequence: Sequence, progress: Progress, zone: ZoneInfo) -> datetime:
    """The instant (UTC) at which a step falls due, windows not yet asked."""
    if step.when.anchor is Anchor.LATER:
        start = progress.last_done_at or progress.entered_at
        assert step.when.duration is not None
        return _at_time(add(start, step.when.duration, zone), step.when.at, start, zone)
    if step.when.anchor is Anchor.DAY:
        return _due_on_day(step, sequence, progress, zone)
    raise ValueError(f"{step.place}: a step that counts from a date has no date here")


def _due_on_day(step: Step, sequence: Sequence, progress: Progress, zone: ZoneInfo) -> datetime:
    entered = progress.entered_at
    due = _at_time(_plus_days(entered, step.when.days, zone), step.when.at, entered, zone)
    before = sequence.step(progress.last_mail_step or "")
    if before is None or progress.last_mail_at is None:
        return due
    apart = _written_day(step, sequence) - _written_day(before, sequence) - 1
    soonest = _plus_days(progress.last_mail_at, apart, zone) if apart > 0 else progress.last_mail_at
    return due if due >= soonest else _at_time(soonest, step.when.at, soonest, zone)


def _written_day(step: Step, sequence: Sequence) -> float:
    """The day a step stands on when every step before it is done on time."""
    day = 0.0
    for other in sequence.steps:
        day = _day_of(other.when, day)
        if other.key == step.key:
            break
    return day


def _day_of(when: When, before: float) -> float:
    if when.anchor is Anchor.DAY:
        return float(when.days)
    if when.anchor is Anchor.LATER and when.duration is not None:
        unit = when.duration.unit
        if unit in FIXED:
            return before + float(when.duration.amount) * (FIXED[unit] / timedelta(days=1))
        return before + float(when.duration.amount) * NOMINAL_DAYS.get(unit, 0)
    return before


def add(start: datetime, duration: Duration, zone: ZoneInfo) -> datetime:
    """`start` (UTC) and a duration later: minutes and hours on the clock, days and longer on the calendar.

    Months and years keep the day, or take the month's last one (31 January and a month: 28 or 29 February).
    """
    if duration.unit in FIXED:
        return start + FIXED[duration.unit] * float(duration.amount)
    whole = int(duration.amount)
    if duration.unit in {Unit.MONTHS, Unit.YEARS}:
        local = start.astimezone(zone)
        months = whole * (12 if duration.unit is Unit.YEARS else 1)
        return utc(plus_months(local.date(), months), local.time(), zone)
    if duration.unit in {Unit.DAYS, Unit.WEEKS}:
        days = duration.amount * NOMINAL_DAYS[duration.unit]
        moved = _plus_days(start, int(days), zone)
        return moved + timedelta(days=float(days - int(days)))
    raise ValueError(f"{duration} needs the person's own rhythm")


def plus_months(day: date, months: int) -> date:
    """The same day of a later month, or that month's last one."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def _plus_days(start: datetime, days: float, zone: ZoneInfo) -> datetime:
    local = start.astimezone(zone)
    return utc(local.date() + timedelta(days=int(days)), local.time(), zone)


def _at_time(instant: datetime, at: time | None, not_before: datetime, zone: ZoneInfo) -> datetime:
    """The day of `instant` at the written time, or the day after where that lies before what it counts from."""
    if at is None:
        return instant
    day = instant.astimezone(zone).date()
    due = utc(day, at, zone)
    return due if due >= not_before else utc(day + timedelta(days=1), at, zone)
