"""Let people inside a sequence follow the version in force: many in a few statements, whatever their number."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.orm import Session

from service.actions.cancel_tasks import cancel_tasks
from service.actions.leave import CAN_BE_CANCELLED
from service.actions.proceed import progress_of
from service.actions.replanned import Follower, Touch, write
from service.domain.departure import REMOVED
from service.domain.replan import HANDED, PLANNED, TAKEN_BACK, WAITING, asks_events, asks_the_past, may_reopen, replan
from service.domain.sequence.model.sequence import Sequence as Journey
from service.domain.sequence.model.sequence import Status
from service.ports import Published
from service.store.bulk import among
from service.store.contact import Contact
from service.store.delivery import Delivery, State
from service.store.enrolment import Enrolment
from service.store.history import Past, facts_of, read_contacts, read_happenings, read_pasts
from service.store.rollout import newest_of_person

OPEN = (PLANNED, *sorted(WAITING), HANDED)


def follow(session: Session, published: Published, key: str, enrolment_ids: Collection[int], now: datetime) -> None:
    """Replan enrolments of one sequence. Their contacts are locked; the caller commits."""
    sequence = published.library.sequence(key)
    enrolments = _locked(session, among(Enrolment.id, enrolment_ids), Enrolment.state.in_(("active", "awaited")))
    if sequence is None or sequence.status is not Status.LIVE:
        # Nobody enters by themselves any more; who was awaited has nothing planned yet.
        waiting = [each.id for each in enrolments if each.state == "awaited"]
        session.execute(delete(Enrolment).where(among(Enrolment.id, waiting)))
    inside = [each for each in enrolments if each.state == "active"]
    if sequence is None:
        _end(session, [each.id for each in inside], now)
    else:
        write(session, published, sequence, _look_at_all(session, published, sequence, inside, now), now)


def reopen(session: Session, published: Published, key: str, enrolment_ids: Collection[int], now: datetime) -> None:
    """Let people who had finished go on with what stands behind their last step now. As `follow`."""
    sequence = published.library.sequence(key)
    if sequence is None:
        return
    enrolments = _locked(session, among(Enrolment.id, enrolment_ids), Enrolment.state == "finished", newest_of_person())
    followers = _look_at_all(session, published, sequence, enrolments, now)
    again = [each for each in followers if may_reopen(sequence, each.found)]
    ids = [each.enrolment.id for each in again]
    active = {"state": "active", "ended_at": None, "why": None}
    session.connection().execute(update(Enrolment).where(among(Enrolment.id, ids)).values(active))
    write(session, published, sequence, again, now)


def read_touches(session: Session, enrolment_ids: Collection[int], *, lock: bool = False) -> dict[int, list[Touch]]:
    """The touches that have not come to their end, or were taken back by a publication, by enrolment."""
    taken_back = (Delivery.state == State.CANCELLED) & Delivery.rule.in_(TAKEN_BACK)
    query = (
        select(Delivery.enrolment_id, Delivery.id, Delivery.step, Delivery.state, Delivery.due_at, Delivery.rule)
        .add_columns(Delivery.priority)
        .where(among(Delivery.enrolment_id, enrolment_ids), Delivery.occasion == 0, Delivery.staff_to.is_(None))
        .where(Delivery.state.in_(OPEN) | taken_back)
        .order_by(Delivery.id)
    )
    rows: dict[int, list[Touch]] = defaultdict(list)
    for enrolment_id, touch, step, state, due_at, rule, priority in session.execute(
        query.with_for_update() if lock else query
    ):
        back = rule if state == State.CANCELLED else None
        rows[enrolment_id].append(Touch(step, state, due_at, back, touch, priority))
    return rows


def read_for(session: Session, contact_ids: Collection[int], sequences: Collection[Journey]) -> dict[int, Past]:
    """As much of people's pasts as it takes to tell when their next touches of these sequences come."""
    if contact_ids and any(map(asks_the_past, sequences)):
        return read_pasts(session, contact_ids)
    if contact_ids and any(map(asks_events, sequences)):
        return read_happenings(session, contact_ids)
    return defaultdict(Past)


def look_at(
    published: Published,
    sequence: Journey,
    enrolment: Enrolment,
    contact: Contact,
    past: Past,
    touches: Sequence[Touch],
    now: datetime,
) -> Follower:
    """What the version in force means for one enrolment."""
    facts = facts_of(published.library.business, contact, enrolment, past, now)
    return Follower(enrolment, touches, replan(sequence, progress_of(enrolment), facts, now, touches))


def _look_at_all(
    session: Session, published: Published, sequence: Journey, enrolments: Iterable[Enrolment], now: datetime
) -> list[Follower]:
    known = {each.id: each for each in enrolments}
    people = {each.contact_id for each in known.values()}
    contacts: Mapping[int, Contact] = read_contacts(session, people) if people else {}
    pasts = read_for(session, people, [sequence])
    touches = read_touches(session, list(known), lock=True) if known else {}
    return [
        look_at(published, sequence, each, contacts[each.contact_id], pasts[each.contact_id], touches[each.id], now)
        for each in known.values()
    ]


def _locked(session: Session, *which: ColumnElement[bool]) -> Sequence[Enrolment]:
    query = select(Enrolment).where(*which).order_by(Enrolment.id).with_for_update()
    return session.scalars(query.execution_options(populate_existing=True)).all()


def _end(session: Session, ids: Collection[int], now: datetime) -> None:
    """The file is gone: its people leave, and what has not left yet is cancelled."""
    over = {"state": REMOVED.state, "why": REMOVED.reason, "ended_at": now, "wake_at": None}
    session.connection().execute(update(Enrolment).where(among(Enrolment.id, ids)).values(over))
    cancelled = {"state": State.CANCELLED, "rule": REMOVED.rule, "reason": REMOVED.reason, "wake_at": None}
    waiting = (among(Delivery.enrolment_id, ids), Delivery.state.in_(CAN_BE_CANCELLED), Delivery.staff_to.is_(None))
    session.connection().execute(update(Delivery).where(*waiting).values(cancelled))
    cancel_tasks(session, ids, REMOVED.reason, now)
