"""The date that `before`, `after` and `On the day` count from, for one person: read, resolved, and found again."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from service.domain.duration import DAY, add, nominal_days, plus_months
from service.domain.sequence.model.business import Business
from service.domain.sequence.model.duration import Duration, Unit
from service.domain.sequence.model.sequence import Sequence
from service.domain.window import utc

FIELDS = ("contact.", "event.", "form.")  # what a date may be a field of
LEAP = 2000  # a year that has every day
YEARS = range(1800, 9000)  # what is reckoned from them stays within the calendar
MEAN_DAYS = {Unit.MONTHS: Decimal("30.436875"), Unit.YEARS: Decimal("365.2425")}  # of the Gregorian calendar

_MONTH_DAY = re.compile(r"(?:--)?(\d{2})-(\d{2})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Moment:
    """`at` in UTC. `is_day`: it has no time of day of its own, and stands for local midnight."""

    at: datetime
    is_day: bool = False


@dataclass(frozen=True, slots=True)
class Given:
    """What a date may be taken from: a person's fields, and those of the event or form that began the enrolment."""

    business: Business
    zone: ZoneInfo
    contact: Mapping[str, Any]
    event: Mapping[str, Any]
    form: Mapping[str, Any]

    def value(self, name: str) -> object:
        """Of `contact.FIELD`, `event.FIELD`, `form.FIELD`; None where it is empty."""
        room, _, field = name.partition(".")
        value = {"contact": self.contact, "event": self.event, "form": self.form}.get(room, {}).get(field)
        return value if value != "" else None


def month_day(value: object) -> tuple[int, int] | None:
    """(month, day) of a date that returns each year, `02-29`; else None."""
    found = _MONTH_DAY.fullmatch(value) if isinstance(value, str) else None
    try:
        day = date(LEAP, int(found[1]), int(found[2])) if found else None
    except ValueError:
        return None
    return (day.month, day.day) if day else None


def read_moment(value: object, zone: ZoneInfo) -> Moment | None:
    """A day or an instant as fields hold them; None where it is neither, or in a year that nobody can mean.

    Without an offset it is local in `zone`.
    """
    if isinstance(value, str):
        try:
            value = date.fromisoformat(value) if len(value) == len("2026-12-03") else datetime.fromisoformat(value)
        except ValueError:
            return None
    if not isinstance(value, date) or value.year not in YEARS:
        return None
    if isinstance(value, datetime):
        return Moment(value.astimezone(UTC) if value.tzinfo else utc(value.date(), value.time(), zone))
    return Moment(utc(value, time.min, zone), is_day=True)


def is_given(sequence: Sequence, given: Given) -> bool:
    """Whether there is anything to read the date from: most people leave their birthday out."""
    source = sequence.date or ""
    return not source.startswith(FIELDS) or given.value(source) is not None


def near(sequence: Sequence, given: Given, at: datetime) -> list[Moment]:
    """The dates the sequence may count from for this person, the earliest first.

    Of one that returns, those round about `at`: a few before it and a few after.
    """
    source = sequence.date
    if source is None:
        return []
    if source.startswith("calendar "):
        return _calendar(source.removeprefix("calendar ").strip(), given)
    if source.startswith(FIELDS):
        value = given.value(source)
        if (found := month_day(value)) is not None:
            return _yearly(*found, given.zone, at)
        moment = read_moment(value, given.zone)
    else:
        moment = _written(source, given)
    return _returning(moment, sequence.every, given.zone, at) if moment else []


def first(sequence: Sequence, given: Given, at: datetime) -> Moment | None:
    """The date of somebody who enters at an instant: the next that lies ahead, else the last that was."""
    found = near(sequence, given, at)
    return next((each for each in found if each.at > at), found[-1] if found else None)


def _written(source: str, given: Given) -> Moment | None:
    """A day is everybody's own day; a day with a time is an instant of the business's."""
    zone = given.zone if len(source) == len("2026-12-03") else ZoneInfo(given.business.zone)
    return read_moment(source, zone)


def _calendar(name: str, given: Given) -> list[Moment]:
    own = ZoneInfo(given.business.zone)
    days = dict(given.business.calendar).get(name, ())
    found = (read_moment(each, own if isinstance(each, datetime) else given.zone) for each in days)
    return sorted((each for each in found if each is not None), key=lambda each: each.at)


def _yearly(month: int, day: int, zone: ZoneInfo, at: datetime) -> list[Moment]:
    """29 February falls on the 28th in common years."""
    leap = date(LEAP, month, day)
    days = (plus_months(leap, 12 * (at.year + turn - LEAP)) for turn in range(-1, 3))
    return [Moment(utc(each, time.min, zone), is_day=True) for each in days]


def _returning(first: Moment, every: Duration | None, zone: ZoneInfo, at: datetime) -> list[Moment]:
    if every is None or every.unit is Unit.RHYTHMS:
        return [first]
    days = every.amount * MEAN_DAYS[every.unit] if every.unit in MEAN_DAYS else Decimal(nominal_days(every))
    turn = int(Decimal((at - first.at) / DAY) / days)
    found = (
        add(first.at, Duration(every.amount * each, every.unit), zone)
        for each in range(max(0, turn - 2), max(0, turn) + 4)
    )
    if not first.is_day:
        return [Moment(each) for each in found]
    return [Moment(utc(each.astimezone(zone).date(), time.min, zone), is_day=True) for each in found]


def resolve(sequence: Sequence, given: Given, current: Moment | None) -> Moment | None:
    """Where the date of an enrolment that counts from `current` lies now: moved, the same, or None where it is gone.

    A date that returns is found again as the occurrence nearest to where it was; one that returns each year in the
    same year, which is what makes the enrolment unique.
    """
    if sequence.date is None or current is None:
        return current  # a rhythm's: the expected day of the visit it counts from
    found = near(sequence, given, current.at)
    if month_day(given.value(sequence.date)) is not None:
        year = current.at.astimezone(given.zone).year
        found = [each for each in found if each.at.astimezone(given.zone).year == year]
    return min(found, key=lambda each: abs(each.at - current.at), default=None)
