"""One enrolment is moved on: what the core says comes next is made of its rows, move by move."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.orm import Session

from service.actions.carry_out import carry_out
from service.actions.leave import end
from service.actions.open_task import open_task
from service.actions.proceed import find_delivery, plan, progress_of, put_behind, write_plans
from service.domain.departure import Convert, Leave
from service.domain.enrolment import Move, Open, Recall, Skip, Wait, next_move
from service.domain.facts import Facts
from service.domain.reason import DONE, DUE, PLANNED_ANEW
from service.domain.schedule import Progress, is_dated
from service.domain.sequence.model.sequence import Sequence as Journey
from service.domain.sequence.model.step import Step
from service.ports import Published
from service.store.contact import Contact
from service.store.delivery import Delivery, State
from service.store.enrolment import Enrolment

CAN_BE_TAKEN_BACK = (State.DUE, State.HELD, State.CLEARED)
ON_THEIR_WAY = (*CAN_BE_TAKEN_BACK, State.HANDED)


@dataclass(slots=True)
class Walk:
    """One enrolment that is moved on. `rows` are its touches that are planned or open; mails to colleagues are none."""

    session: Session
    published: Published
    enrolment: Enrolment
    contact: Contact
    sequence: Journey
    facts: Facts
    rows: list[Delivery]

    def row(self, step: Step) -> Delivery | None:
        return next((row for row in self.rows if row.step == step.key and not row.occasion), None)


def move_on(walk: Walk) -> bool:
    """Make every move that is due; whether an action was carried out, which may have changed anything."""
    enrolment, now = walk.enrolment, walk.facts.now
    while True:  # ends: every turn but the last opens a step or puts one behind, and there are finitely many
        progress, waiting = _standing(walk)
        move = next_move(walk.sequence, progress, walk.facts, now, waiting=waiting)
        if isinstance(move, Leave):
            if move.rule == "end" and any(row.state == State.HANDED for row in walk.rows):
                enrolment.wake_at = None  # its last mail is on its way: what comes of it ends it
            else:
                end(walk.session, enrolment, walk.rows, move, now)
            return False
        if isinstance(move, Wait):
            enrolment.wake_at = move.until
            if move.step is not None and move.due_at is not None:
                _planned(walk, move.step, move.due_at)
            return False
        if isinstance(move, Convert):
            enrolment.converted_at, enrolment.why = now, move.reason
        elif not _make(walk, move):
            enrolment.wake_at = now
            return True


def _standing(walk: Walk) -> tuple[Progress, set[str]]:
    """How far the person is, and which steps hold those behind them.

    A dated mail that was handed over can't be taken back and holds nothing: it counts as behind.
    """
    progress = progress_of(walk.enrolment)
    handed = {row.step for row in walk.rows if row.state == State.HANDED}
    gone = tuple(step.key for step in walk.sequence.steps if is_dated(step) and step.key in handed)
    waiting = {row.step for row in walk.rows if row.state in ON_THEIR_WAY and not row.occasion}
    return replace(progress, passed=(*progress.passed, *gone)), waiting - set(gone)


def _make(walk: Walk, move: Move) -> bool:
    """Carry one move out; False where what is known of the person has changed by it, so that all is asked anew."""
    assert isinstance(move, Open | Skip | Recall)
    if isinstance(move, Recall):
        _take_back(walk, move)
        return True
    row = _planned(walk, move.step, move.due_at)
    if isinstance(move, Skip):
        _skip(walk, row, move)
        return True
    if row.state != State.PLANNED:
        put_behind(walk.enrolment, move.step, None, walk.facts.now)  # it was done once already
        return True
    if move.overdue:
        walk.contact.caught_up_at = walk.facts.now
        walk.facts = replace(walk.facts, caught_up_at=walk.facts.now)
    if move.step.is_email:
        _open_mail(row, move)
        return True
    return _open_touch(walk, row, move)


def _planned(walk: Walk, step: Step, due: datetime) -> Delivery:
    """The row of a step that comes next, with the time it has now."""
    found = walk.row(step)
    if found is None:
        write_plans(walk.session, [plan(walk.published, walk.enrolment, step, due)])
        found = find_delivery(walk.session, walk.enrolment, step)
        walk.rows.append(found)
    elif found.state == State.PLANNED and found.due_at != due:
        found.due_at = due
    return found


def _open_mail(row: Delivery, move: Open) -> None:
    row.state = State.DUE
    row.rule, row.reason = "due", DUE
    row.due_at = row.wake_at = move.due_at
    row.expires_at = move.expires_at


def _open_touch(walk: Walk, row: Delivery, move: Open) -> bool:
    """A task is given to somebody; anything else is carried out at once."""
    enrolment, step, now = walk.enrolment, move.step, walk.facts.now
    row.due_at, row.wake_at = move.due_at, None
    put_behind(enrolment, step, now)
    if step.task is not None:
        row.state = State.OPEN
        walk.session.flush()
        open_task(walk.session, walk.published, enrolment, walk.contact, step, row, now)
        return True
    row.state, row.rule, row.sent_at = State.DONE, "done", now
    walk.session.flush()
    row.reason = carry_out(walk.session, walk.published, enrolment, walk.contact, step, now) or DONE
    return False


def _take_back(walk: Walk, move: Recall) -> None:
    row = walk.row(move.step)
    assert row is not None
    row.state, row.due_at, row.wake_at, row.expires_at = State.PLANNED, move.due_at, None, None
    row.rule, row.reason = "moved", PLANNED_ANEW
    row.token = row.lease_until = None


def _skip(walk: Walk, row: Delivery, move: Skip) -> None:
    if row.state in (State.PLANNED, *CAN_BE_TAKEN_BACK):
        row.state = State(move.state)
        row.rule, row.reason, row.wake_at = move.rule, move.reason, None
    put_behind(walk.enrolment, move.step, None, move.over_at)
