"""Hand over what was cleared: take under a lease, commit the intent, let the bytes leave, record what came of it.

The order is the promise. The intent (`handed`) is committed before a byte leaves and can be committed once; a row in
`handed` never goes back by a timer. The outcomes of a group are committed together with the intent of the next.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from service.actions.arbitrate import take_back
from service.actions.carry_out import carry_out
from service.actions.case import Case, leave_behind, read_cases
from service.actions.claim import Claim
from service.actions.lease import Lease
from service.actions.proceed import Plan, write_plans
from service.actions.put_into_words import Desk, put_into_words
from service.actions.rule import rule
from service.actions.sunset import weigh
from service.domain.delivery import retry_after
from service.domain.reason import SENT, SERVICE_SENT
from service.domain.throttle import Ruling, Verdict
from service.ports import (
    Message,
    Outcome,
    Published,
    Refused,
    Sent,
    TryLater,
)
from service.store.contact import lock_contacts
from service.store.delivery import Delivery, State
from service.store.due import Due, read_due
from service.store.journey import journey_now

log = structlog.get_logger()

BUDGET = 10.0  # seconds from the intent to the first byte
MAX_ATTEMPTS = 12
AWAITED = (State.HANDED, State.UNCERTAIN)
LEFT = (State.SENT, State.UNCERTAIN)


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
    claim = Claim(desk, lease)
    while not stop() and (taken := claim.take()) is not None:
        messages = put_into_words(desk, lease) if taken else []  # none where all of them have to wait
        with desk.begin() as session:
            record(session, desk.published(), lease, done, also_lock=taken)
            granted, woken = _intend(session, desk, lease, messages)
        start_by = time.monotonic() + BUDGET
        outcomes = desk.provider.send(granted, start_by) if granted else []
        claim.settle(granted, outcomes)
        done = [Handed(message.delivery_id, outcome) for message, outcome in zip(granted, outcomes, strict=True)]
        count += len(granted)
        if woken and not granted:
            break  # the engine has to look at these first; they would only be taken again
    claim.close()
    if done:
        with desk.begin() as session:
            record(session, desk.published(), lease, done)
    return count


def _intend(session: Session, desk: Desk, lease: Lease, messages: Sequence[Message]) -> tuple[list[Message], int]:
    """Ask everything once more under the contacts' locks; the messages whose intent this commit holds.

    And how many wait for the engine: something happened to their enrolments that may stop them.
    """
    published = desk.published()
    now = journey_now(session)
    mine = (Delivery.id.in_(lease.ids), Delivery.state == State.CLEARED, Delivery.token == lease.token)
    dues = read_due(session, *mine, lock=True)
    verdicts = rule(session, published, dues, now, cleared=[due.id for due in dues])
    worded = {message.delivery_id for message in messages}
    cleared = [due for due, verdict in verdicts if verdict.ruling is Ruling.CLEARED]
    woken = [due.id for due in cleared if _woken(due, now)]
    # Of one whose step was published a moment ago the next round has the words.
    granted = {due.id for due in cleared if due.id in worded}.difference(woken)
    _take_back(session, published, verdicts, [due.id for due in cleared if due.id not in granted], now)
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
    return [message for message in messages if message.delivery_id in granted], len(woken)


def _take_back(
    session: Session, published: Published, verdicts: Sequence[tuple[Due, Verdict]], given: Sequence[int], now: datetime
) -> None:
    """What may not leave after all waits or is put aside; `given` are given back for another round."""
    changed = [each for each in verdicts if each[1].ruling is not Ruling.CLEARED]
    if changed:
        take_back(session, published, changed, now)
    if given:
        back = update(Delivery).where(Delivery.id.in_(given)).values(lease_until=None)
        session.execute(back, execution_options={"synchronize_session": False})


def _woken(due: Due, now: datetime) -> bool:
    """Whether something happened to the enrolment that the engine has not looked at: it may have a stop in it."""
    return (
        not due.occasion
        and due.enrolment_state == "active"
        and due.enrolment_wakes_at is not None
        and due.enrolment_wakes_at <= now
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
    known = {case.delivery.id for case in cases if case.delivery.state == State.UNCERTAIN}  # what rides on them is done
    write_plans(session, [_settle(published, case, outcomes[case.delivery.id], now) for case in cases])
    for case in cases:
        if case.delivery.state in LEFT and case.delivery.id not in known:
            act(session, published, case, now)
    weigh(session, published, weighs_on(cases), now)


def weighs_on(cases: Sequence[Case]) -> set[int]:
    """The contacts of what is no service mail, and no mail to a colleague."""
    return {case.contact.id for case in cases if case.delivery.priority and case.delivery.staff_to is None}


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


def act(session: Session, published: Published, case: Case, now: datetime) -> None:
    """Do what rides on a mail that left, or may have; not on a repetition, nor once the person was taken out."""
    if case.written is None or case.delivery.occasion or case.enrolment.state != "active":
        return
    undone = carry_out(session, published, case.enrolment, case.contact, case.written[1], now)
    if undone:
        case.delivery.reason = f"{case.delivery.reason} {undone}"


def make_uncertain(row: Delivery, why: str) -> None:
    """It may have left: never sent again by itself, shown to the operator, resolved by a webhook, bounce or person."""
    row.state, row.rule = State.UNCERTAIN, "uncertain"
    row.reason = f"It may have left or not: {why}"
    row.lease_until = None
