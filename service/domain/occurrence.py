"""When a person will enter a sequence by itself: on the next birthday, before the expected visit, after a quiet time.

Each is an enrolment of its own, unique by its key: the date's year, the visit a rhythm counts from. It is entered when
the first of its steps falls due, so that `when` is asked then and not months before.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from typing import Any

from service.domain.duration import add, plus_days
from service.domain.entry import Occasion, trigger_key
from service.domain.facts import Facts
from service.domain.happening import Happening, bookings
from service.domain.moment import Moment, month_day, near
from service.domain.rhythm import interval
from service.domain.schedule import Progress, due_at, is_dated
from service.domain.sequence.model.enrol import Again, Trigger
from service.domain.sequence.model.sequence import Sequence
from service.domain.sequence.model.step import Anchor
from service.domain.window import utc

ASK_AGAIN = timedelta(days=1)  # whether a nudge is still pointless
AWAITING = frozenset({"date", "rhythm", "quiet"})  # triggers that begin by themselves


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One entering to come: `on` is its trigger, `date` what its steps count from (None: nothing), times in UTC."""

    on: str
    key: str
    date: Moment | None
    enters_at: datetime
    event: Mapping[str, Any] = field(default_factory=dict)  # what it counts from, as `event.…`

    @property
    def occasion(self) -> Occasion:
        """The same as what begins an enrolment."""
        return Occasion(self.on, "", self.key, {"event": dict(self.event)})


@dataclass(frozen=True, slots=True)
class Entered:
    """An enrolment of the same sequence that there is already: its key, how it began, and its date's instant."""

    trigger_key: str
    began_by: str | None
    date_at: datetime | None


def awaits(sequence: Sequence) -> bool:
    """Whether people enter the sequence by themselves, at a time that can be told ahead."""
    return any(trigger.on in AWAITING for trigger in sequence.enrol.on)


def upcoming(sequence: Sequence, facts: Facts, after: datetime) -> Occurrence | None:
    """The next occurrence behind `after`: what had passed when it was learned does not count."""
    found = [_next(trigger, sequence, facts, after) for trigger in sequence.enrol.on]
    return min((each for each in found if each is not None), key=lambda each: each.enters_at, default=None)


def awaited(sequence: Sequence, facts: Facts, entered: Collection[Entered]) -> Occurrence | None:
    """The next time that the person will enter, behind all those of `entered`; None where it is not known."""
    dates = [each.date_at for each in entered if each.began_by == "date" and each.date_at is not None]
    after, taken = max([facts.now, *dates]), {each.trigger_key for each in entered}
    found = [_untaken(trigger, sequence, facts, after, taken) for trigger in sequence.enrol.on]
    return min((each for each in found if each is not None), key=lambda each: each.enters_at, default=None)


def _untaken(
    trigger: Trigger, sequence: Sequence, facts: Facts, after: datetime, taken: Collection[str]
) -> Occurrence | None:
    """A date that was corrected may fall on a year that was entered already: then it is the next year's."""
    found = _next(trigger, sequence, facts, after)
    if found is None or trigger_key(sequence, found.occasion) not in taken:
        return found
    if found.on != "date" or found.date is None or sequence.enrol.again is Again.NEVER:
        return None
    return _untaken(trigger, sequence, facts, found.date.at, taken)


def silenced(on: str | None, key: str, facts: Facts) -> bool:
    """Whether a rhythm's nudge is pointless now: an appointment lies ahead, or was made since the visit `key`."""
    if on != "rhythm":
        return False
    visited = max((each.at for each in facts.happenings if each.key == key), default=None)
    booked = (each.at for each in bookings(facts.happenings, "appointment"))
    return facts.upcoming("appointment") or (visited is not None and any(at > visited for at in booked))


def _next(trigger: Trigger, sequence: Sequence, facts: Facts, after: datetime) -> Occurrence | None:
    match trigger.on:
        case "date":
            return _next_date(sequence, facts, after)
        case "rhythm":
            return _next_visit(trigger.name, sequence, facts, after)
        case "quiet":
            return _next_silence(trigger, facts, after)
    return None


def _next_date(sequence: Sequence, facts: Facts, after: datetime) -> Occurrence | None:
    given = facts.given()
    moment = next((each for each in near(sequence, given, after) if each.at > after), None)
    if moment is None:
        return None
    day = moment.at.astimezone(facts.zone).date()
    yearly = sequence.date is not None and month_day(given.value(sequence.date)) is not None
    key = str(day.year) if yearly else day.isoformat()
    return Occurrence("date", key, moment, _enters_at(sequence, facts, moment))


def _next_visit(event: str, sequence: Sequence, facts: Facts, after: datetime) -> Occurrence | None:
    last = _last(event, facts)
    if last is None:
        return None
    days = round(interval(facts.business, event, facts.happenings) / timedelta(days=1))
    day = plus_days(last.at, days, facts.zone).astimezone(facts.zone).date()
    moment = Moment(utc(day, time.min, facts.zone), is_day=True)
    if moment.at <= after:
        return None
    return Occurrence("rhythm", last.key, moment, _enters_at(sequence, facts, moment), last.as_event())


def _next_silence(trigger: Trigger, facts: Facts, after: datetime) -> Occurrence | None:
    last = _last(trigger.name, facts)
    if last is None or trigger.duration is None:
        return None
    rhythm = interval(facts.business, trigger.name, facts.happenings)
    enters_at = add(last.at, trigger.duration, facts.zone, rhythm=rhythm)
    return Occurrence("quiet", last.key, None, enters_at, last.as_event()) if enters_at > after else None


def _last(event: str, facts: Facts) -> Happening | None:
    return max((each for each in facts.happenings if each.name == event), key=lambda each: each.at, default=None)


def _enters_at(sequence: Sequence, facts: Facts, moment: Moment) -> datetime:
    """When the first step that counts from the date is due, or the date itself."""
    local = facts.local(sequence)
    progress = replace(Progress(moment.at), date=moment)
    dated = [step for step in sequence.steps if is_dated(step)]
    before = [due_at(step, sequence, progress, local) for step in dated if step.when.anchor is Anchor.BEFORE]
    return min([moment.at, *before])
