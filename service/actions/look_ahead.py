"""What comes of people for whom a new version changes something at once: their next day, lived ahead by the core."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from service.actions.replanned import Follower
from service.domain.enrolment import Wait
from service.domain.outlook import Outlook
from service.domain.simulation.advance import advance
from service.domain.simulation.enter import plan_next
from service.domain.simulation.inside import Inside
from service.domain.simulation.life import Life
from service.domain.simulation.row import PLANNED, Row
from service.domain.simulation.simulate import upcoming
from service.domain.simulation.slot import arbitrate, deliver
from service.domain.simulation.sunset import leave_in_peace

A_DAY = timedelta(days=1)
OVER = {"expired": "expire", "cancelled": "barred", "skipped": "skipped"}


def follow(life: Life, follower: Follower, now: datetime) -> Inside:
    """One enrolment follows the new version in a life, as `service.actions.replanned` writes it down."""
    found, number = follower.found, follower.enrolment.id
    inside = next(each for each in life.insides if each.number == number)
    inside.state, inside.why = "active", None  # one that is reopened was not
    inside.progress = replace(inside.progress, date=found.progress.date, replanned_at=found.progress.replanned_at)
    inside.wake_at = found.move.until if isinstance(found.move, Wait) else now
    times = {turn.step.key: turn.due_at for turn in found.turns}
    dropped = {drop.step: drop for drop in found.drops}
    own = [row for row in life.rows_of(inside) if not row.occasion]
    for row in own:
        if row.step.key in found.forgotten:
            life.rows.remove(row)
        elif row.step.key in dropped and row.state in {PLANNED, "due", "held", "cleared"}:
            drop = dropped[row.step.key]
            row.turn("cancelled", drop.rule, drop.reason)
        elif row.state == PLANNED:
            row.due_at = times.get(row.step.key, row.due_at)
        elif row.state in {"due", "held"}:
            row.wake_at = now
    return inside


def enter(life: Life, inside: Inside) -> Inside:
    """Somebody is let in."""
    inside.number = life.count()
    life.insides.append(inside)
    plan_next(life, inside)
    return inside


def opened_at_once(life: Life, insides: Collection[Inside]) -> list[Row]:
    """Live what is due now; the touches of these enrolments that came due by it."""
    before = {row.number for row in life.rows if row.state != PLANNED}
    live(life)
    return [row for row in life.rows if row.inside in insides and row.state != PLANNED and row.number not in before]


def count_day(life: Life, opened: Iterable[Row], outlooks: Mapping[str, Outlook], now: datetime) -> None:
    """Live a day, and count what came of the touches that became due at once."""
    at_once = {row.number for row in opened if row.state == "sent"}
    at = min(upcoming(life, ()), default=None)
    while at is not None and at <= now + A_DAY and any(row.state in {"due", "held"} for row in opened):
        life.now = at
        live(life)
        at = min(upcoming(life, ()), default=None)
    for row in opened:
        outlooks[row.inside.sequence.key].due[_outcome(row, row.number in at_once)] += 1


def _outcome(row: Row, was_at_once: bool) -> str:
    if not row.step.is_email and row.state not in OVER:
        return "tasks" if row.step.task is not None else "actions"
    if row.state == "sent":
        return "at once" if was_at_once else "within a day"
    if row.rule in {"stop", "goal", "no-date"}:
        return "skipped"
    # Held to its own end is as good as expired.
    is_lost = row.wake_at is not None and row.expires_at is not None and row.wake_at > row.expires_at
    return OVER.get(row.state, "expire" if is_lost and row.rule != "paused" else "wait")


def next_touch(life: Life, inside: Inside) -> datetime | None:
    """When the next touch of an enrolment is planned."""
    rows = (row.due_at for row in life.rows_of(inside) if row.state == PLANNED)
    return min(rows, default=None) if inside.is_under_way else None


def live(life: Life) -> None:
    """All that is due at `life.now`. Nobody settles a task meanwhile."""
    while True:
        moved = True
        while moved:
            leave_in_peace(life)
            moved = advance(life)
            moved = arbitrate(life) or moved
        for job in life.jobs:
            job.is_over = job.is_reminded = True
        if not deliver(life):
            return
