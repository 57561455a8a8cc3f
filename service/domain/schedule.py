"""When a step is due. Days and longer are calendar units in the contact's own zone; the answers are UTC.

The rules of `sequences/README.md`: `later` counts from the last step that was done; `Day N` from entering, but not
sooner after the last mail really sent than the two steps' written distance less one day; a dated step counts from
the date and never waits for the steps above it; a `before` step leaves inside its window by leaving sooner.
"""

from __future__ import annotations

from collections.abc import Sequence as Ordered
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from service.domain.draw import draw
from service.domain.duration import DAY, FIXED, add, nominal_days, plus_days, subtract
from service.domain.moment import Moment
from service.domain.sequence.model.duration import Unit
from service.domain.sequence.model.sequence import Sequence
from service.domain.sequence.model.step import Anchor, Step, When
from service.domain.sequence.vocabulary import Kind
from service.domain.window import Window, last_open, utc

DATED = frozenset({Anchor.BEFORE, Anchor.AFTER, Anchor.ON_THE_DAY})


@dataclass(frozen=True, slots=True)
class Local:
    """What a person's times are reckoned with: their zone, the business's window and closure days, their own rhythm
    (None where it is not known), and the seed of what is drawn for them."""

    zone: ZoneInfo
    window: Window = Window.any()  # noqa: RUF009 (frozen)
    closed: tuple[date, ...] = ()
    rhythm: timedelta | None = None
    seed: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a person is in a sequence: what the time of the next step counts from. Instants in UTC.

    `date` is what dated steps count from. `paused`: a reply waits for a person. `converted`: its goal was reached,
    and it stays. `replanned_at`: when a new version was last reckoned with; no step of it was due before. `passed_at`:
    when the last step came to its end, done or not.
    """

    entered_at: datetime
    passed: tuple[str, ...] = ()
    last_done_at: datetime | None = None
    last_mail_at: datetime | None = None
    last_mail_step: str | None = None
    date: Moment | None = None
    paused: bool = False
    converted: bool = False
    replanned_at: datetime | None = None
    passed_at: datetime | None = None


class Turn(NamedTuple):
    """A step that may come next, and when (UTC). Turns sort by that, and those of one instant as they are written."""

    due_at: datetime
    place: int  # in the file
    step: Step


def is_dated(step: Step) -> bool:
    """Whether the step counts from the sequence's date."""
    return step.when.anchor in DATED


def next_step(sequence: Sequence, passed: Ordered[str]) -> Step | None:
    """The first undated step, in the file's present order, behind the last one that is behind the person; None while
    it counts from the step above it (`later`) and a dated one above is still to come."""
    behind = set(passed)
    front, waits, dated_above = None, False, False
    for step in sequence.steps:
        if step.key in behind:
            front = None
        elif step.when.anchor in DATED:
            dated_above = True
        elif front is None:
            front, waits = step, dated_above and step.when.anchor is Anchor.LATER
    return None if waits else front


def last_passed(sequence: Sequence, passed: Ordered[str]) -> int:
    """The place of the last step behind the person, -1 where there is none."""
    behind = set(passed)
    return max((at for at, step in enumerate(sequence.steps) if step.key in behind), default=-1)


def turns(sequence: Sequence, progress: Progress, local: Local) -> list[Turn]:
    """The steps that may come next, the earliest first: the first undated one in line, and every dated one left."""
    found: list[Turn] = []
    front = next_step(sequence, progress.passed)
    behind = set(progress.passed)
    for place, step in enumerate(sequence.steps):
        if step is front:
            due = _not_before(progress.replanned_at, due_at(step, sequence, progress, local), step, local)
            found.append(Turn(due, place, step))
        elif progress.date is not None and is_dated(step) and step.key not in behind:
            found.append(Turn(due_at(step, sequence, progress, local), place, step))
    return sorted(found)  # no two have one place


def _not_before(known: datetime | None, due: datetime, step: Step, local: Local) -> datetime:
    """A step whose time a new version put into the past is due since that version, at its own time of day."""
    return due if known is None or due >= known else _at_time(known, step.when.at, known, local.zone)


def due_at(step: Step, sequence: Sequence, progress: Progress, local: Local) -> datetime:
    """The instant (UTC) at which a step falls due. Windows are not asked yet, but for a `before` step's.

    Raises ValueError where a date or a rhythm is needed and not known.
    """
    match step.when.anchor:
        case Anchor.LATER:
            start = progress.last_done_at or progress.entered_at
            assert step.when.duration is not None
            due = add(start, step.when.duration, local.zone, rhythm=local.rhythm)
            return _at_time(due, step.when.at, due if step.when.duration.unit in FIXED else start, local.zone)
        case Anchor.DAY:
            return _due_on_day(step, sequence, progress, local)
    if progress.date is None:
        raise ValueError(f"{step.place}: a step that counts from a date has no date here")
    return _due_by_date(step, sequence, progress.date, local)


def window_of(sequence: Sequence, step: Step, business: Window) -> Window:
    """The window in force for a step: what is written nearest; only mail asks the business's, and service mail not."""
    written = step.window or sequence.window
    if written is not None:
        return written
    return business if step.is_email and step.kind is not Kind.SERVICE else Window.any()


def closed_days(step: Step, local: Local) -> tuple[date, ...]:
    """The closure days that hold a step: service mail and people's work know none."""
    return local.closed if step.is_email and step.kind is not Kind.SERVICE else ()


@lru_cache(maxsize=1024)
def needs_rhythm(sequence: Sequence) -> bool:
    """Whether any of its times is written in the person's own rhythm."""
    lengths = [each for step in sequence.steps for each in (step.when.duration, step.wait_up_to, step.drop_after)]
    lengths.append(sequence.goal.within if sequence.goal else None)
    return any(each is not None and each.unit is Unit.RHYTHMS for each in lengths)


def _due_by_date(step: Step, sequence: Sequence, moment: Moment, local: Local) -> datetime:
    when, zone = step.when, local.zone
    due = moment.at
    if when.duration is not None:
        move = subtract if when.anchor is Anchor.BEFORE else add
        due = move(due, when.duration, zone, rhythm=local.rhythm)
    if when.at is not None:
        due = _on_its_day(when, when.at, due, zone)
    elif when.anchor is Anchor.ON_THE_DAY:
        due = utc(due.astimezone(zone).date(), time.min, zone)
    if when.anchor is not Anchor.BEFORE:
        return due
    window = window_of(sequence, step, local.window)
    return last_open(window, due, zone, closed_days(step, local)) or due


def _on_its_day(when: When, at: time, due: datetime, zone: ZoneInfo) -> datetime:
    """The day it falls on at the written time; one that counts in hours comes no nearer to the date than those."""
    day = due.astimezone(zone).date()
    timed = utc(day, at, zone)
    if when.duration is None or when.duration.unit not in FIXED:
        return timed
    if when.anchor is Anchor.AFTER and timed < due:
        return utc(day + DAY, at, zone)
    if when.anchor is Anchor.BEFORE and timed > due:
        return utc(day - DAY, at, zone)
    return timed


def _due_on_day(step: Step, sequence: Sequence, progress: Progress, local: Local) -> datetime:
    entered, zone = progress.entered_at, local.zone
    number = _drawn_day(step, sequence, local)
    if step.when.at is None:
        due = plus_days(entered, number, zone)
    else:
        # By the day itself: an hour that is left out at midnight would move the instant into the next one.
        day = entered.astimezone(zone).date() + DAY * number
        due = utc(day, step.when.at, zone)
        due = due if due >= entered else utc(day + DAY, step.when.at, zone)
    if progress.last_mail_at is None or progress.last_mail_step is None:
        return due
    before = _written_day(progress.last_mail_step, sequence, local)
    if before is None:
        return due
    apart = int(number - before - 1)
    soonest = plus_days(progress.last_mail_at, apart, zone) if apart > 0 else progress.last_mail_at
    return due if due >= soonest else _at_time(soonest, step.when.at, soonest, zone)


def _drawn_day(step: Step, sequence: Sequence, local: Local) -> int:
    """`Day N-M`: one of these days, drawn once a person, so that nobody can see it coming."""
    first, last = step.when.days, step.when.last_day
    if last is None:
        return first
    return first + int(draw(local.seed, "day", sequence.key, step.key) * (last - first + 1))


def _written_day(key: str, sequence: Sequence, local: Local) -> float | None:
    """The day a step stands on, for this person, when every step before it is done on time; None where it is gone."""
    day = 0.0
    for step in sequence.steps:
        if step.when.anchor is Anchor.DAY:
            day = _drawn_day(step, sequence, local)
        elif step.when.anchor is Anchor.LATER and step.when.duration is not None:
            day += nominal_days(step.when.duration)
        if step.key == key:
            return day
    return None


def _at_time(instant: datetime, at: time | None, not_before: datetime, zone: ZoneInfo) -> datetime:
    """The day of `instant` at the written time, or the day after where that lies before what it counts from."""
    if at is None:
        return instant
    day = instant.astimezone(zone).date()
    due = utc(day, at, zone)
    return due if due >= not_before else utc(day + DAY, at, zone)
