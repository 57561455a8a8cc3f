"""The way through a sequence is over. Twin of `service.actions.leave` and `service.actions.cancel_tasks`."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from service.domain.departure import OWED, RAN_ITS_COURSE, Leave
from service.domain.simulation.inside import Inside
from service.domain.simulation.life import Life
from service.domain.simulation.row import UNSENT, Row
from service.domain.sunset import SUNSET, UNENGAGED


def end(life: Life, inside: Inside, rows: Iterable[Row], leave: Leave) -> None:
    """End one enrolment, with those of its touches that may still be open."""
    was_inside = inside.state != "awaited"
    inside.state, inside.why, inside.wake_at = leave.state if was_inside else "declined", leave.reason, None
    for row in rows:
        asked_again = row.occasion and leave.state in RAN_ITS_COURSE
        if row.state in UNSENT and not asked_again:
            row.turn("cancelled", leave.rule, leave.reason)
    if leave.state not in OWED:
        _cancel_jobs(life, inside, leave.reason)
    if inside.began_by == UNENGAGED:
        _end_silence_unasked(life)


def end_all(life: Life, leave: Leave, which: Collection[Inside]) -> None:
    """End these enrolments, and everything of theirs that has not left yet."""
    for inside in which:
        waiting = [row for row in life.rows_of(inside) if row.state in UNSENT]
        if inside.is_under_way or waiting:
            end(life, inside, waiting, leave)


def _end_silence_unasked(life: Life) -> None:
    """Twin of `service.actions.end_silence`."""
    asked_at = life.burden.asked_at
    if asked_at is None or any(_asks(life, each, asked_at) for each in life.insides):
        return
    life.burden.asked_at = None
    for row in life.rows:
        if row.state == "held" and row.rule == SUNSET:
            row.wake_at = life.now


def _asks(life: Life, inside: Inside, since: datetime) -> bool:
    """Whether this enrolment's question left, or still may."""
    asks = inside.began_by == UNENGAGED and inside.progress.entered_at >= since
    return asks and (inside.state == "active" or any(row.state == "sent" for row in life.rows_of(inside)))


def _cancel_jobs(life: Life, inside: Inside, reason: str) -> None:
    for job in life.jobs:
        if job.inside is inside and job.is_open:
            job.is_open = False
            if job.row is not None and job.row.state == "open":
                job.row.turn("cancelled", "task", reason)
