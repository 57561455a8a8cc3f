"""Hand over what was cleared: take under a lease, commit the intent, let the bytes leave, record what came of it.

The order is the promise. The intent (`handed`) is committed before a byte leaves and can be committed once; a row in
`handed` never goes back by a timer. The outcomes of a group are committed together with the intent of the next.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from service import clock
from service.actions.arbitrate import apply, rule
from service.actions.carry_out import carry_out
from service.actions.case import Case, leave_behind, read_cases
from service.actions.lease import Lease, take
from service.actions.proceed import Plan, find_step, write_plans
from service.actions.staff_mail import staff_letters
from service.domain.delivery import retry_after
from service.domain.reason import SENT, SERVICE_SENT
from service.domain.throttle import Ruling
from service.ports import (
    Letter,
    Message,
    Outcome,
    Provider,
    Published,
    Refused,
    Renderer,
    Sent,
    StaffLetter,
    TryLater,
    Unrenderable,
)
from service.store.contact import Contact, lock_contacts
from service.store.delivery import Delivery, State
from service.store.enrolment import Enrolment
from service.store.history import facts_of, read_contacts, read_pasts
from service.store.journey import journey_now, shifted_now

log = structlog.get_logger()

BUDGET = 10.0  # seconds from the intent to the first byte
POISON_REST = timedelta(hours=1)  # a mail that can't be put into words is looked at again
MAX_ATTEMPTS = 12
AWAITED = (State.HANDED, State.UNCERTAIN)
LEFT = (State.SENT, State.UNCERTAIN)


@dataclass(frozen=True, slots=True)
class Desk:
    """What handing over needs: where sessions come from, the words, the provider, and the size of a group."""

    begin: Callable[[], AbstractContextManager[Session]]  # a session that commits at the end of its `with`
    published: Callable[[], Published]
    renderer: Renderer
    provider: Provider
    group: int


@dataclass(frozen=True, slots=True)
class Handed:
    """A mail and what came of it."""

    delivery_id: int
    outcome: Outcome


def deliver(desk: Desk, lease: Lease, stop: Callable[[], bool]) -> int:
    """Hand over groups until nothing is cleared or `stop()`; how many mails were handed over.

    The caller renews the lease while this runs.
    """
    count = 0
    done: list[Handed] = []
    while not stop():
        with desk.begin() as session:
            taken = take(session, lease, desk.group)
        if not taken:
            break
        messages = _render(desk, lease)
        with desk.begin() as session:
            record(session, desk.published(), lease, done, also_lock=taken)
            granted, woken = _intend(session, desk, lease, messages)
        start_by = time.monotonic() + BUDGET
        outcomes = desk.provider.send(granted, start_by) if granted else []
        done = [Handed(message.delivery_id, outcome) for message, outcome in zip(granted, outcomes, strict=True)]
        count += len(granted)
        if woken and not granted:
            break  # the engine has to look at these first; they would only be taken again
    if done:
        with desk.begin() as session:
            record(session, desk.published(), lease, done)
    return count


def _render(desk: Desk, lease: Lease) -> list[Message]:
    """Put each taken mail into words. One that can't be is held with its reason, and blocks no other."""
    published = desk.published()
    messages: list[Message] = []
    with desk.begin() as session:
        shifted = shifted_now(session)
        now = shifted or clock.machine_now()
        rows = session.scalars(select(Delivery).where(Delivery.id.in_(lease.ids)).order_by(Delivery.id)).all()
        enrolments = _enrolments(session, {row.enrolment_id for row in rows})
        contacts = read_contacts(session, {row.contact_id for row in rows})
        pasts = read_pasts(session, list(contacts))
        staff = staff_letters(session, published, [row for row in rows if row.staff_to is not None])
        poison: dict[int, str] = {}
        for row in rows:
            enrolment, contact = enrolments[row.enrolment_id], contacts[row.contact_id]
            if row.id not in staff and (row.staff_to or find_step(published, enrolment, row.step) is None):
                continue  # its intent is refused below, with the reason
            facts = facts_of(published.library.business, contact, enrolment, pasts[contact.id], now)
            letter = _letter(published, row, enrolment, contact, facts.names(), staff.get(row.id), shifted)
            try:
                messages.append(desk.renderer.render(letter))
            except Unrenderable as error:
                poison[row.id] = str(error)
    if poison:
        _hold(desk, lease, poison, now)
    return messages


def _letter(
    published: Published,
    row: Delivery,
    enrolment: Enrolment,
    contact: Contact,
    names: Mapping[str, object],
    staff: StaffLetter | None,
    shifted: datetime | None,
) -> Letter:
    first = published.library.business.languages[0]
    return Letter(
        delivery_id=row.id,
        contact_id=contact.id,
        message_id=row.message_id,
        recipient=row.staff_to or contact.email,
        publication_id=published.id,
        sequence=enrolment.sequence,
        step=row.step,
        language=first if row.staff_to else contact.language or first,
        names=names,
        sent_at=clock.machine_now(),
        arm=enrolment.arm,
        journey_at=shifted,
        staff=staff,
    )


def _enrolments(session: Session, ids: Collection[int]) -> dict[int, Enrolment]:
    return {each.id: each for each in session.scalars(select(Enrolment).where(Enrolment.id.in_(ids)))}


def _hold(desk: Desk, lease: Lease, reasons: dict[int, str], now: datetime) -> None:
    """Hold what can't be put into words: never sent with a gap, never retried hot, never dropped before its end."""
    with desk.begin() as session:
        for delivery_id, reason in sorted(reasons.items()):
            log.warning("delivery.held", delivery=delivery_id, reason=reason)
            session.execute(
                update(Delivery)
                .where(Delivery.id == delivery_id, Delivery.token == lease.token, Delivery.state == State.CLEARED)
                .values(
                    state=State.HELD,
                    rule="words",
                    reason=f"Held: {reason}",
                    wake_at=func.least(now + POISON_REST, Delivery.expires_at + timedelta(microseconds=1)),
                    token=None,
                    lease_until=None,
                )
            )


def _intend(session: Session, desk: Desk, lease: Lease, messages: Sequence[Message]) -> tuple[list[Message], int]:
    """Ask everything once more under the contacts' locks; the messages whose intent this commit holds.

    And how many wait for the engine: something happened to their enrolments that may stop them.
    """
    published = desk.published()
    now = journey_now(session)
    mine = (Delivery.id.in_(lease.ids), Delivery.state == State.CLEARED, Delivery.token == lease.token)
    cases = read_cases(session, published, *mine)
    worded = {message.delivery_id for message in messages}
    granted: set[int] = set()
    woken = 0
    plans: list[Plan | None] = []
    for case, verdict in rule(session, published, cases, now):
        if verdict.ruling is not Ruling.CLEARED:
            plans.append(apply(published, case, verdict, now))
            continue
        if _woken(case, now):
            woken += 1
            case.delivery.lease_until = None
            continue
        if case.delivery.id not in worded:
            case.delivery.lease_until = None  # its step was published a moment ago: the next round has its words
            continue
        granted.add(case.delivery.id)
    write_plans(session, plans)
    # One statement for the group; with the database's own clock in it, each row would be an update of its own.
    intent = {
        "state": State.HANDED,
        "rule": "handed",
        "reason": "Handed over; the answer is awaited.",
        "handed_at": now,
        "handed_machine_at": func.clock_timestamp(),
        "attempts": Delivery.attempts + 1,
        "provider": desk.provider.name,
        "publication_id": published.id,
    }
    mark = update(Delivery).where(Delivery.id.in_(granted)).values(intent)
    session.execute(mark, execution_options={"synchronize_session": False})
    return [message for message in messages if message.delivery_id in granted], woken


def _woken(case: Case, now: datetime) -> bool:
    """Whether something happened to the enrolment that the engine has not looked at: it may have a stop in it."""
    enrolment = case.enrolment
    return (
        not case.delivery.occasion
        and enrolment.state == "active"
        and enrolment.wake_at is not None
        and enrolment.wake_at <= now
    )


def record(
    session: Session, published: Published, lease: Lease, done: Sequence[Handed], also_lock: Collection[int] = ()
) -> None:
    """Write down what came of a group, each with the next step of its enrolment. The caller commits.

    `also_lock`: deliveries whose contacts the same transaction writes about next; all contacts are locked first and
    in one order. A late answer still counts where the row has meanwhile become `uncertain`.
    """
    outcomes = {handed.delivery_id: handed.outcome for handed in done}
    both = [*outcomes, *also_lock]
    lock_contacts(session, list(session.scalars(select(Delivery.contact_id).where(Delivery.id.in_(both)))))
    if not outcomes:
        return
    now = journey_now(session)
    answered = (Delivery.id.in_(outcomes), Delivery.token == lease.token, Delivery.state.in_(AWAITED))
    cases = read_cases(session, published, *answered)
    write_plans(session, [_settle(published, case, outcomes[case.delivery.id], now) for case in cases])
    for case in cases:
        if case.delivery.state in LEFT and case.written is not None and case.written[1].actions and _is_touch(case):
            carry_out(session, published, case.enrolment, case.contact, case.written[1], now)


def _settle(published: Published, case: Case, outcome: Outcome, now: datetime) -> Plan | None:
    row = case.delivery
    was_uncertain = row.state == State.UNCERTAIN  # its chain went on already
    row.lease_until = None
    match outcome:
        case Sent(provider_id=provider_id):
            row.state, row.rule, row.reason = State.SENT, "sent", SENT if row.priority else SERVICE_SENT
            row.sent_at, row.provider_id = row.handed_at, provider_id or None
            left: datetime | None = row.handed_at
        case Refused(reason=reason):
            row.state, row.rule, row.reason = State.FAILED, "refused", f"Refused for good: {reason}"
            left = None
        case TryLater(reason=reason) if row.attempts < MAX_ATTEMPTS and not was_uncertain:
            wait = retry_after(row.attempts, outcome.code, outcome.after)
            row.state, row.rule, row.reason = State.CLEARED, "try-later", f"Not taken yet, tried again: {reason}"
            row.retry_at, row.handed_at, row.token = func.clock_timestamp() + wait, None, None
            return None
        case TryLater(reason=reason):
            row.state, row.rule, row.reason = (
                State.FAILED,
                "try-later",
                f"Given up after {row.attempts} tries: {reason}",
            )
            left = None
        case _:
            make_uncertain(row, outcome.reason)
            left = row.handed_at
    log.info("delivery." + row.state, delivery=row.id, enrolment=row.enrolment_id)
    return None if was_uncertain else leave_behind(published, case, left, now)


def _is_touch(case: Case) -> bool:
    """Whether the mail is the step itself, and not a repetition or a colleague's."""
    return not case.delivery.occasion and case.enrolment.state == "active"


def make_uncertain(row: Delivery, why: str) -> None:
    """It may have left: never sent again by itself, shown to the operator, resolved by a webhook, bounce or person."""
    row.state, row.rule = State.UNCERTAIN, "uncertain"
    row.reason = f"It may have left or not: {why}"
    row.lease_until = None
