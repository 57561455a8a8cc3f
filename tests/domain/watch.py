"""What must never happen to anybody, asked without the core wherever that can be."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from service.domain.duration import nominal_days
from service.domain.enrolment import OVERDUE, Open
from service.domain.happening import Happening
from service.domain.kind import MANNERS
from service.domain.moment import Moment
from service.domain.schedule import is_dated, window_of
from service.domain.sequence.model.duration import Unit
from service.domain.sequence.model.step import Anchor
from service.domain.window import Window
from tests.domain.person import FINAL, Inside, Person, Row, counts

DAY = timedelta(days=1)


def watch_opening(person: Person, row: Row, move: Open) -> None:
    """A touch is let go: neither before its time nor when it is over, and of the overdue ones only one a day."""
    step, now = move.step, person.now
    assert row.state == "planned", f"{step.key} is {row.state}, and opens"
    assert move.due_at <= now, "opened before its time"
    assert now <= move.expires_at, "opened when it was over"
    if step.drop_after is None or step.drop_after.unit is not Unit.RHYTHMS:
        keeps = DAY * nominal_days(step.drop_after) if step.drop_after else MANNERS[step.kind].keeps
        assert not step.is_email or move.expires_at - now <= keeps * 1.1 + 9 * DAY, "kept for too long"
    is_touch = step.is_email or step.task is not None
    if is_touch and move.overdue and _was_held_up(person, move):
        assert not person.late or now - person.late[-1] >= DAY, "two overdue touches on one day"
        person.late.append(now)


def _was_held_up(person: Person, move: Open) -> bool:
    """Whether it fell due while no worker ran, and long before one did again."""
    in_outage = any(start <= move.due_at < end for start, end in person.outages)
    return in_outage and person.now - move.due_at > OVERDUE


def watch_leaving(person: Person, row: Row) -> None:
    """A mail leaves."""
    inside, step, now = row.inside, row.step, person.now
    assert inside.state == "active", f"sent after the end: {inside.why}"
    assert row.opened_at is not None
    assert row.expires_at is not None
    assert row.due_at <= row.opened_at <= now <= row.expires_at
    window = window_of(inside.sequence, step, person.business.window)
    assert shows(window, now, person.zone), f"outside its window: {now.astimezone(person.zone)}"
    assert not counts(row) or now.astimezone(person.zone).date() not in person.business.closed
    for stop in inside.sequence.stop:
        name = stop.event or stop.same
        if name is not None and name != inside.began_by:
            happened = [each for each in person.happenings if each.name == name]
            mine = [each for each in happened if stop.event or _is_about(inside, each)]
            since = inside.progress.entered_at if stop.event else _told_last(person, inside)
            assert not [each for each in mine if each.at >= since], "sent although something stopped it"
    _watch_time(person, row)


def _told_last(person: Person, inside: Inside) -> datetime:
    """When the thing was told of last that the person entered for: what was cancelled may be booked after all."""
    told = [each.at for each in person.happenings if each.name == inside.began_by and _is_about(inside, each)]
    return max(told, default=inside.progress.entered_at)


def _is_about(inside: Inside, happening: Happening) -> bool:
    return inside.about is not None and inside.about in {happening.about, happening.key}


def _watch_time(person: Person, row: Row) -> None:
    when, progress = row.step.when, row.inside.progress
    today = person.now.astimezone(person.zone)
    if when.anchor is Anchor.DAY:
        apart = (today.date() - progress.entered_at.astimezone(person.zone).date()).days
        assert apart >= when.days
        assert apart > when.days or when.at is None or not _is_plain(today) or today.time() >= when.at
    elif when.anchor is Anchor.BEFORE:
        assert progress.date is not None
        assert person.now <= progress.date.at, "it belonged before the date"
    elif is_dated(row.step):
        assert progress.date is not None
        assert person.now >= _midnight(progress.date, person.zone)
    elif when.duration is not None and when.duration.unit is Unit.DAYS:
        start = (progress.last_done_at or progress.entered_at).astimezone(person.zone)
        assert (today.date() - start.date()).days >= when.duration.amount


def look_back(person: Person) -> None:
    """At the end every touch has one state, and a reason; what is over holds nothing that is still to come."""
    keys = [(row.inside.number, row.step.key) for row in person.rows]
    assert len(keys) == len(set(keys)), "a touch has two rows"
    for row in person.rows:
        assert row.inside.state == "active" or row.state in FINAL, f"{row.state} in one that is {row.inside.state}"
        assert row.state == "planned" or row.reason.endswith("."), row.reason
    for inside in person.insides:
        over = {row.step.key for row in person.rows_of(inside) if row.state in FINAL}
        behind = [key for key in inside.progress.passed if key not in over]
        assert inside.state != "finished" or not behind, f"behind without a state: {behind}"
        assert inside.state in {"active", "awaited"} or inside.why.endswith("."), inside.why


def shows(window: Window, at: datetime, zone: ZoneInfo) -> bool:
    """Whether a clock on the wall shows an hour of the window. About a change of the clocks nobody looks."""
    local = at.astimezone(zone)
    if not window.spans or not _is_plain(local):
        return True
    minute = local.time().replace(second=0, microsecond=0)
    on = [each for each in window.spans if local.weekday() in each.days]
    return any(each.start <= local.time() and minute <= each.end for each in on)


def _is_plain(local: datetime) -> bool:
    """Whether no clock is changed about this day."""
    day = local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    return len({(day + DAY * turn).utcoffset() for turn in (-1, 0, 1, 2)}) == 1


def _midnight(moment: Moment, zone: ZoneInfo) -> datetime:
    return moment.at.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
