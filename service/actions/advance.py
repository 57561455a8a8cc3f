"""Move people on: ask the core what comes next for every enrolment whose time has come."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from service.actions.carry_out import carry_out
from service.actions.enrol import set_date
from service.actions.expect import enter
from service.actions.leave import UNDER_WAY, end
from service.actions.open_task import open_task
from service.actions.proceed import find_delivery, plan, progress_of, put_behind, write_plans
from service.actions.system_mail import look_after_request
from service.domain.departure import Convert, Leave
from service.domain.enrolment import Move, Open, Recall, Skip, Wait, next_move
from service.domain.facts import Facts
from service.domain.moment import resolve
from service.domain.reason import DONE, DUE, PLANNED_ANEW
from service.domain.schedule import Progress, is_dated
from service.domain.sequence.model.sequence import Sequence as Journey
from service.domain.sequence.model.step import Step
from service.domain.system_mail import is_system
from service.ports import Published
from service.store.bulk import among
from service.store.contact import Contact, lock_contacts
from service.store.delivery import Delivery, State
from service.store.enrolment import Enrolment
from service.store.history import Past, facts_of, read_contacts, read_pasts
from service.store.publication import is_in_force
from service.store.waiting import contacts_waiting

log = structlog.get_logger()

CAN_BE_TAKEN_BACK = (State.DUE, State.HELD, State.CLEARED)
ON_THEIR_WAY = (*CAN_BE_TAKEN_BACK, State.HANDED)
REST = timedelta(hours=1)  # an enrolment whose exits can't be asked is looked at again


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


def advance(session: Session, published: Published, now: datetime, limit: int = 500) -> int:
    """Take one batch of due enrolments a step further; how many there were. The caller commits.

    Contacts that another worker holds are left to it.
    """
    under_way = Enrolment.state.in_(UNDER_WAY)
    waiting = contacts_waiting(session, Enrolment.contact_id, Enrolment.wake_at, under_way, now=now, limit=limit)
    locked = lock_contacts(session, sorted(waiting), wait=False)
    if not locked:
        return 0
    enrolments = session.scalars(
        select(Enrolment)
        .where(among(Enrolment.contact_id, locked), Enrolment.state.in_(UNDER_WAY), Enrolment.wake_at <= now)
        .order_by(Enrolment.id)
        .with_for_update()
    ).all()
    enrolments = _known_here(session, published, enrolments)
    contacts = read_contacts(session, locked)
    pasts = read_pasts(session, locked)
    rows = _open_deliveries(session, [enrolment.id for enrolment in enrolments])
    changed: set[int] = set()
    for enrolment in enrolments:
        if enrolment not in session or not _is_due(enrolment, now):
            continue  # an earlier one of this batch took the person out, or moved the day on which they enter
        contact = contacts[enrolment.contact_id]
        if contact.id in changed:
            pasts |= read_pasts(session, [contact.id])
            changed.remove(contact.id)
        if _take_on(session, published, enrolment, contact, pasts[contact.id], rows[enrolment.id], now):
            changed.add(contact.id)
    return len(enrolments)


def _known_here(session: Session, published: Published, enrolments: Sequence[Enrolment]) -> Sequence[Enrolment]:
    """Without those of a sequence that a newer publication has; they are left to whoever has read that one."""
    unknown = {each.sequence for each in enrolments if _is_gone(published, each)}
    if not unknown or is_in_force(session, published.id):
        return enrolments
    return [each for each in enrolments if each.sequence not in unknown]


def _is_gone(published: Published, enrolment: Enrolment) -> bool:
    return published.library.sequence(enrolment.sequence) is None and not is_system(enrolment.sequence)


def _is_due(enrolment: Enrolment, now: datetime) -> bool:
    return enrolment.state in UNDER_WAY and enrolment.wake_at is not None and enrolment.wake_at <= now


def _open_deliveries(session: Session, enrolment_ids: list[int]) -> dict[int, list[Delivery]]:
    rows: dict[int, list[Delivery]] = defaultdict(list)
    query = select(Delivery).where(
        among(Delivery.enrolment_id, enrolment_ids),
        Delivery.state.in_((State.PLANNED, *ON_THEIR_WAY)),
        Delivery.staff_to.is_(None),
    )
    for delivery in session.scalars(query.order_by(Delivery.id).with_for_update()):
        rows[delivery.enrolment_id].append(delivery)
    return rows


def _take_on(
    session: Session,
    published: Published,
    enrolment: Enrolment,
    contact: Contact,
    past: Past,
    rows: list[Delivery],
    now: datetime,
) -> bool:
    """Whether what the person's other enrolments may ask about has changed by it. One that is odd stops no other."""
    state = enrolment.state
    try:
        facts = facts_of(published.library.business, contact, enrolment, past, now)
        acted = _move_on(session, published, enrolment, contact, facts, rows)
    except (ValueError, ArithmeticError, LookupError, TypeError) as error:
        # It rests rather than writing to somebody who may have left; `check` refuses such a file before publishing.
        log.error("enrolment.rests", enrolment=enrolment.id, sequence=enrolment.sequence, reason=str(error))
        enrolment.wake_at = now + REST
        enrolment.why = f"Rests: {error}."
        return True
    return acted or enrolment.state != state


def _move_on(
    session: Session,
    published: Published,
    enrolment: Enrolment,
    contact: Contact,
    facts: Facts,
    rows: list[Delivery],
) -> bool:
    if is_system(enrolment.sequence):
        look_after_request(session, published, contact, enrolment, facts.now)
        return False
    sequence = published.library.sequence(enrolment.sequence)
    if sequence is None:
        end(session, enrolment, rows, Leave("stopped", "removed", "Stopped: the sequence was taken out."), facts.now)
        return False
    if enrolment.state == "awaited":
        if not enter(session, published, contact, enrolment, sequence, facts):
            return True
        facts = replace(facts, entered_at=enrolment.entered_at, inside=facts.inside | {sequence.key})
    facts = _with_date(enrolment, sequence, facts)
    return _walk(Walk(session, published, enrolment, contact, sequence, facts, rows))


def _with_date(enrolment: Enrolment, sequence: Journey, facts: Facts) -> Facts:
    """Where the date that the steps count from lies now: it may have been moved, or taken away."""
    if facts.date is None:
        return facts
    moment = resolve(sequence, facts.given(), facts.date)
    if moment == facts.date:
        return facts
    set_date(enrolment, moment)
    return replace(facts, date=moment)


def _walk(walk: Walk) -> bool:
    """Whether an action was carried out, which may have changed anything."""
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
