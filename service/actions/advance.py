"""Move people on: ask the core what comes next for every enrolment whose time has come."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from service.actions.proceed import find_delivery, plan, progress_of, put_behind, write_plans
from service.domain.enrolment import Leave, Open, Skip, Wait, next_move
from service.domain.facts import Facts
from service.domain.sequence.expression import ExpressionError
from service.domain.sequence.model import Sequence, Step
from service.ports import Published
from service.store.contact import lock_contacts
from service.store.delivery import Delivery, State
from service.store.enrolment import Enrolment
from service.store.history import facts_of, read_contacts, read_pasts

log = structlog.get_logger()

ON_THEIR_WAY = (State.DUE, State.HELD, State.CLEARED, State.HANDED)
CAN_BE_CANCELLED = (State.PLANNED, State.DUE, State.HELD, State.CLEARED)
REST = timedelta(hours=1)  # an enrolment whose exits can't be asked is looked at again


def advance(session: Session, published: Published, now: datetime, limit: int = 500) -> int:
    """Take one batch of due enrolments a step further; how many there were. The caller commits.

    Contacts that another worker holds are left to it.
    """
    due = select(Enrolment.contact_id).where(Enrolment.state == "active", Enrolment.wake_at <= now)
    waiting = set(session.scalars(due.order_by(Enrolment.wake_at).limit(limit)))
    locked = lock_contacts(session, sorted(waiting), wait=False)
    if not locked:
        return 0
    enrolments = session.scalars(
        select(Enrolment)
        .where(Enrolment.contact_id.in_(locked), Enrolment.state == "active", Enrolment.wake_at <= now)
        .order_by(Enrolment.id)
        .with_for_update()
    ).all()
    contacts = read_contacts(session, locked)
    pasts = read_pasts(session, locked)
    rows = _open_deliveries(session, [enrolment.id for enrolment in enrolments])
    for enrolment in enrolments:
        contact = contacts[enrolment.contact_id]
        facts = facts_of(published.library.business, contact, enrolment, pasts[contact.id], now)
        _take_on(session, published, enrolment, facts, rows[enrolment.id], now)
    return len(enrolments)


def _open_deliveries(session: Session, enrolment_ids: list[int]) -> dict[int, list[Delivery]]:
    rows: dict[int, list[Delivery]] = defaultdict(list)
    query = select(Delivery).where(
        Delivery.enrolment_id.in_(enrolment_ids), Delivery.state.in_((State.PLANNED, *ON_THEIR_WAY))
    )
    for delivery in session.scalars(query.order_by(Delivery.id).with_for_update()):
        rows[delivery.enrolment_id].append(delivery)
    return rows


def _take_on(
    session: Session, published: Published, enrolment: Enrolment, facts: Facts, rows: list[Delivery], now: datetime
) -> None:
    sequence = published.library.sequence(enrolment.sequence)
    if sequence is None:
        end(enrolment, rows, Leave("stopped", "removed", "Stopped: the sequence was taken out."), now)
        return
    try:
        _move(session, published, enrolment, sequence, facts, rows, now)
    except ExpressionError as error:
        # It rests rather than writing to somebody who may have left; `check` refuses such a file before publishing.
        log.error("enrolment.rests", enrolment=enrolment.id, sequence=sequence.key, reason=str(error))
        enrolment.wake_at = now + REST
        enrolment.why = f"Rests: {error}"


def _move(
    session: Session,
    published: Published,
    enrolment: Enrolment,
    sequence: Sequence,
    facts: Facts,
    rows: list[Delivery],
    now: datetime,
) -> None:
    on_its_way = any(row.state in ON_THEIR_WAY for row in rows)
    while True:  # ends: every turn but the last puts a step behind, and there are finitely many
        move = next_move(sequence, progress_of(enrolment), facts, now, open_step=on_its_way)
        if isinstance(move, Leave):
            end(enrolment, rows, move, now)
            return
        if isinstance(move, Wait):
            enrolment.wake_at = move.until
            if move.step is not None and move.until is not None:
                _planned(session, published, enrolment, move.step, move.until, rows)
            return
        delivery = _planned(session, published, enrolment, move.step, move.due_at, rows)
        if isinstance(move, Open) and delivery.state == State.PLANNED:
            _open(delivery, enrolment, move)
            return
        _skip(delivery, enrolment, move)


def _planned(
    session: Session, published: Published, enrolment: Enrolment, step: Step, due: datetime, rows: list[Delivery]
) -> Delivery:
    """The row of the step that comes next, with the time it has now; it stands there already but behind a skip."""
    found = next((row for row in rows if row.step == step.key and row.state == State.PLANNED), None)
    if found is None:
        write_plans(session, [plan(published, enrolment, step, due)])
        found = find_delivery(session, enrolment, step)
        rows.append(found)
    elif found.due_at != due:
        found.due_at = due
    return found


def _open(delivery: Delivery, enrolment: Enrolment, move: Open) -> None:
    delivery.state = State.DUE
    delivery.rule, delivery.reason = "due", "Due: waits for a slot."
    delivery.due_at = delivery.wake_at = move.due_at
    delivery.expires_at = move.expires_at
    enrolment.wake_at = None


def _skip(delivery: Delivery, enrolment: Enrolment, move: Open | Skip) -> None:
    if isinstance(move, Skip) and delivery.state == State.PLANNED:
        delivery.state = State.SKIPPED
        delivery.rule, delivery.reason = move.rule, move.reason
    put_behind(enrolment, move.step, None)


def end(enrolment: Enrolment, rows: list[Delivery], leave: Leave, now: datetime) -> None:
    """The way is over: what was planned, due, held or cleared is cancelled with the reason."""
    enrolment.state, enrolment.why = leave.state, leave.reason
    enrolment.ended_at, enrolment.wake_at = now, None
    for row in rows:
        if row.state in CAN_BE_CANCELLED:
            row.state, row.rule, row.reason = State.CANCELLED, leave.rule, leave.reason
