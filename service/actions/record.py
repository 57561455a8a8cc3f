"""Write down what came of mails that were handed over, each with the next step of its enrolment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy.orm import Session

from service.actions.carry_out import carry_out
from service.actions.case import Case, read_cases
from service.actions.lease import Lease
from service.actions.proceed import Course, Plan, course_of, plan_along, progress_of, put_behind
from service.actions.sunset import weigh
from service.domain.delivery import retry_after
from service.domain.reason import SENT, SERVICE_SENT
from service.domain.sequence.model.business import Business
from service.domain.sequence.model.step import Step
from service.domain.spoken import spoken
from service.domain.throttle import Ruling
from service.ports import Outcome, Published, Refused, Sent, TryLater
from service.store.bulk import among
from service.store.decision import Decided, add_decisions
from service.store.delivery import Delivery, State
from service.store.handover import (
    Leaving,
    Record,
    Settled,
    UnderWay,
    Way,
    lock_under_way,
    write_outcomes,
)
from service.store.history import local_of, zone_of

log = structlog.get_logger()

MAX_ATTEMPTS = 12
LEFT = (State.SENT, State.UNCERTAIN)


@dataclass(frozen=True, slots=True)
class Handed:
    """A mail and what came of it."""

    delivery_id: int
    outcome: Outcome


def record(session: Session, published: Published, lease: Lease, done: Sequence[Handed]) -> None:
    """Write down what came of a group, each with the next step of its enrolment. The caller commits.

    A late answer still counts where the row has meanwhile become `uncertain`.
    """
    ids = {handed.delivery_id for handed in done}
    under_way, _ = lock_under_way(session, ids, (), lease.token)
    record_locked(session, published, under_way, done)


def record_locked(session: Session, published: Published, under_way: UnderWay, done: Sequence[Handed]) -> bool:
    """The same of mails that were read under their locks. Whether more happened than `under_way` tells: an action that
    rides on a mail, or a question whether somebody wants to stay, may have changed whatever it holds."""
    outcomes, now = {handed.delivery_id: handed.outcome for handed in done}, under_way.now
    courses = {key: course_of(published, key) for key in {way.sequence for way in under_way.ways.values()}}
    came, acting, again = Record(), [], []
    for mail in under_way.answered:
        settled = _settle(mail, outcomes[mail.id], published.library.business, now)
        came.settled.append(settled)
        if settled.state == State.CLEARED:
            again.append(_decided(mail, settled, now))
            continue
        way = under_way.ways[mail.enrolment_id]
        if mail.state == State.UNCERTAIN or mail.occasion or way.state != "active":
            continue  # of one that was uncertain the chain went on already, and what rides on it is done
        course, has_left = courses[way.sequence], settled.state in LEFT
        step = course.steps.get(mail.step) if course else None
        came.ways[way.id] = way
        plan = go_on(published, mail, way, course, step, mail.handed_at if has_left else None, now)
        if plan is not None:
            came.plans[way.id, plan["step"]] = plan
        if has_left and step and step.actions:
            acting.append(mail.id)
    if came.settled:
        write_outcomes(session, came)
        add_decisions(session, again, now)
        _tell(came.settled)
    if acting:
        for case in read_cases(session, published, among(Delivery.id, acting)):
            act(session, published, case, now)
    weighing = {mail.contact_id for mail in under_way.answered if mail.priority and mail.staff_to is None}
    return weigh(session, published, weighing, now) or bool(acting)


def go_on(
    published: Published,
    mail: Leaving,
    way: Way,
    course: Course | None,
    step: Step | None,
    left_at: datetime | None,
    now: datetime,
) -> Plan | None:
    """The mail is behind its reader, and left or not: the touch to be planned in the same commit."""
    progress = put_behind(way, step, left_at, now) if step is not None else progress_of(way)
    return plan_along(published, course, way, progress, local_of(mail, published.library.business), now)


def weighs_on(cases: Sequence[Case]) -> set[int]:
    """The contacts of what is no service mail, and no mail to a colleague."""
    return {case.contact.id for case in cases if case.delivery.priority and case.delivery.staff_to is None}


def _settle(mail: Leaving, outcome: Outcome, business: Business, now: datetime) -> Settled:
    match outcome:
        case Sent(provider_id=provider_id):
            return Settled(mail.id, State.SENT, "sent", SENT if mail.priority else SERVICE_SENT, provider_id or None)
        case Refused(reason=reason):
            return Settled(mail.id, State.FAILED, "refused", f"Refused for good: {reason}")
        case TryLater(reason=reason) if mail.state == State.UNCERTAIN:
            late = f"It was not taken, as became known when its sequence had gone on: {reason}"
            return Settled(mail.id, State.FAILED, "try-later", late)
        case TryLater(reason=reason) if mail.attempts < MAX_ATTEMPTS:
            wait = retry_after(mail.attempts, outcome.code, outcome.after)
            again = f"Not taken yet, tried again after {spoken(now + wait, zone_of(mail, business))}: {reason}"
            return Settled(mail.id, State.CLEARED, "try-later", again, wait=wait.total_seconds())
        case TryLater(reason=reason):
            return Settled(mail.id, State.FAILED, "try-later", f"Given up after {mail.attempts} tries: {reason}")
        case _:
            return Settled(mail.id, State.UNCERTAIN, "uncertain", unsure(outcome.reason))


def _decided(mail: Leaving, settled: Settled, now: datetime) -> Decided:
    """What was not taken waits, like what pace holds: each of its few tries is told with when the next may be."""
    return {
        "delivery_id": mail.id,
        "contact_id": mail.contact_id,
        "rule": settled.rule,
        "verdict": Ruling.HELD,
        "inputs": {"tries": mail.attempts},
        "until": now + timedelta(seconds=settled.wait or 0.0),
        "sentence": settled.reason,
        "is_told": mail.staff_to is None,
    }


def _tell(settled: Sequence[Settled]) -> None:
    """A line for each that was not sent; of the others `deliver` tells how many."""
    for each in settled:
        if each.state != State.SENT:
            log.info("delivery." + each.state, delivery=each.id)


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
    row.reason = unsure(why)
    row.lease_until = None


def unsure(why: str) -> str:
    """The reason of a mail that is uncertain."""
    return f"It may have left or not: {why}"
