"""Move people on: ask the core what comes next for every enrolment whose time has come."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from service.actions.enrol import set_date
from service.actions.expect import enter
from service.actions.leave import UNDER_WAY, end
from service.actions.system_mail import look_after_request
from service.actions.walk import ON_THEIR_WAY, Walk, move_on
from service.domain.departure import REMOVED
from service.domain.facts import Facts
from service.domain.moment import resolve
from service.domain.sequence.model.sequence import Sequence as Journey
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

PASTS = 100  # of so many people are in memory at a time: some have years of events
REST = timedelta(hours=1)  # an enrolment whose exits can't be asked is looked at again


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
    rows = _open_deliveries(session, [enrolment.id for enrolment in enrolments])
    own: dict[int, list[Enrolment]] = defaultdict(list)
    for enrolment in enrolments:
        own[enrolment.contact_id].append(enrolment)
    for start in range(0, len(locked), PASTS):
        pasts = read_pasts(session, locked[start : start + PASTS])
        for contact_id in locked[start : start + PASTS]:
            _take_person_on(session, published, own[contact_id], contacts[contact_id], pasts[contact_id], rows, now)
    return len(enrolments)


def _take_person_on(
    session: Session,
    published: Published,
    enrolments: Sequence[Enrolment],
    contact: Contact,
    past: Past,
    rows: Mapping[int, list[Delivery]],
    now: datetime,
) -> None:
    has_changed = False
    for enrolment in enrolments:
        if enrolment not in session or not _is_due(enrolment, now):
            continue  # an earlier one took the person out, or moved the day on which they enter
        if has_changed:
            past = read_pasts(session, [contact.id])[contact.id]
        has_changed = _take_on(session, published, enrolment, contact, past, rows[enrolment.id], now)


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
        acted = _look_at(session, published, enrolment, contact, facts, rows)
    except (ValueError, ArithmeticError, LookupError, TypeError) as error:
        # It rests rather than writing to somebody who may have left; `check` refuses such a file before publishing.
        log.error("enrolment.rests", enrolment=enrolment.id, sequence=enrolment.sequence, reason=str(error))
        enrolment.wake_at = now + REST
        enrolment.why = f"Rests: {error}."
        return True
    return acted or enrolment.state != state


def _look_at(
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
        end(session, enrolment, rows, REMOVED, facts.now)
        return False
    if enrolment.state == "awaited":
        if not enter(session, published, contact, enrolment, sequence, facts):
            return True
        facts = replace(facts, entered_at=enrolment.entered_at, inside=facts.inside | {sequence.key})
    facts = _with_date(enrolment, sequence, facts)
    return move_on(Walk(session, published, enrolment, contact, sequence, facts, rows))


def _with_date(enrolment: Enrolment, sequence: Journey, facts: Facts) -> Facts:
    """Where the date that the steps count from lies now: it may have been moved, or taken away."""
    if facts.date is None:
        return facts
    moment = resolve(sequence, facts.given(), facts.date)
    if moment == facts.date:
        return facts
    set_date(enrolment, moment)
    return replace(facts, date=moment)
