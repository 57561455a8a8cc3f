"""Moving the person on: the core is asked what comes next wherever the time has come. Twin of
`service.actions.advance`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from service.domain import reason
from service.domain.departure import Convert, Leave
from service.domain.enrolment import Open, Recall, Skip, Wait, next_move, passed
from service.domain.facts import Facts
from service.domain.moment import resolve
from service.domain.sequence.expression import ExpressionError
from service.domain.sequence.model.step import Step
from service.domain.simulation.carry_out import carry_out
from service.domain.simulation.enter import enter, plan
from service.domain.simulation.inside import Inside
from service.domain.simulation.leave import end
from service.domain.simulation.life import Life, Past
from service.domain.simulation.row import PLANNED, UNSENT, WAITING, Row
from service.domain.simulation.work import open_job

REST = timedelta(hours=1)


@dataclass(slots=True)
class Walk:
    """One enrolment that is moved on; `rows` are its touches that are planned or wait for a slot."""

    life: Life
    inside: Inside
    facts: Facts
    rows: list[Row]

    def planned(self, step: Step, due_at: datetime) -> Row:
        """The touch of a step that comes next, with the time it has now."""
        row = plan(self.life, self.inside, step, due_at)
        if row not in self.rows:
            self.rows.append(row)
        return row


def advance(life: Life) -> bool:
    """Take whatever is due a step further; whether anything was."""
    due = [each for each in life.insides if _is_due(life, each)]
    if not due:
        return False
    rows = [[row for row in life.rows_of(inside) if row.state in UNSENT] for inside in due]
    for inside, own in zip(due, rows, strict=True):
        # Else an earlier one took the person out, or moved the day on which they enter.
        if inside in life.insides and _is_due(life, inside):
            _take_on(life, inside, life.past(), own)
    return True


def _is_due(life: Life, inside: Inside) -> bool:
    return inside.is_under_way and inside.wake_at is not None and inside.wake_at <= life.now


def _take_on(life: Life, inside: Inside, past: Past, rows: list[Row]) -> None:
    if inside.state == "awaited":
        if not enter(life, inside, past):
            return
        past = replace(past, inside=past.inside | {inside.sequence.key})
    facts = life.facts(inside, past)
    if facts.date is not None:
        inside.set_date(resolve(inside.sequence, facts.given(), facts.date))
        facts = replace(facts, date=inside.progress.date)
    try:
        _walk(Walk(life, inside, facts, rows))
    except ExpressionError as error:
        inside.wake_at, inside.why = life.now + REST, f"Rests: {error}."


def _walk(walk: Walk) -> None:
    inside, now = walk.inside, walk.life.now
    while True:
        waiting = {row.step.key for row in walk.rows if row.state in WAITING and not row.occasion}
        move = next_move(inside.sequence, inside.progress, walk.facts, now, waiting=waiting)
        match move:
            case Leave():
                end(walk.life, inside, walk.rows, move)
                return
            case Wait():
                inside.wake_at = move.until
                if move.step is not None and move.due_at is not None:
                    walk.planned(move.step, move.due_at)
                return
            case Convert():
                inside.progress, inside.why = replace(inside.progress, converted=True), move.reason
            case Recall():
                _take_back(walk, move)
            case Skip():
                _skip(walk, move)
            case Open():
                if not _open(walk, move):
                    inside.wake_at = now
                    return


def _take_back(walk: Walk, move: Recall) -> None:
    row = walk.planned(move.step, move.due_at)
    row.turn(PLANNED, "moved", reason.PLANNED_ANEW)
    row.due_at, row.expires_at = move.due_at, None


def _skip(walk: Walk, move: Skip) -> None:
    row = walk.planned(move.step, move.due_at)
    if row.state in UNSENT:
        row.turn(move.state, move.rule, move.reason)
    _put_behind(walk.inside, move.step, None, move.over_at)


def _open(walk: Walk, move: Open) -> bool:
    """Carry it out; False where what is known of the person has changed by it, so that all is asked anew."""
    life, inside, step = walk.life, walk.inside, move.step
    row = walk.planned(step, move.due_at)
    if row.state != PLANNED:
        _put_behind(inside, step, None, life.now)  # it was done once already
        return True
    if move.overdue:
        life.caught_up_at = life.now
        walk.facts = replace(walk.facts, caught_up_at=life.now)
    row.due_at = move.due_at
    if step.is_email:
        row.turn("due", "due", reason.DUE, move.due_at)
        row.expires_at = move.expires_at
        return True
    _put_behind(inside, step, life.now)
    if step.task is not None:
        open_job(life, inside, row)
        return True
    row.turn("done", "done", reason.DONE)
    row.at = life.now
    row.reason = carry_out(life, inside, step) or reason.DONE
    return False


def _put_behind(inside: Inside, step: Step, at: datetime | None, over_at: datetime | None = None) -> None:
    inside.progress = passed(inside.progress, step, at, over_at)
