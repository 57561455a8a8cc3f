"""Write down what came of mails that were handed over, each with the next step of its enrolment."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
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
from service.ports import Message, Outcome, Published, Refused, Sent, TryLater
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
    """A mail and what came of it; with the mail and its reader's way as they stood when its intent was committed, where
    that is known."""

    delivery_id: int
    outcome: Outcome
    mail: Leaving | None = None
    way: Way | None = None


@dataclass(frozen=True, slots=True)
class Reckoned:
    """What outcomes come to, and what has to be done behind it: what waits for another try is told, actions that ride
    on mails are carried out, and what weighs on people is looked at."""

    record: Record = field(default_factory=Record)
    again: list[Decided] = field(default_factory=list)
    acting: list[int] = field(default_factory=list)
    weighing: set[int] = field(default_factory=set)


def handed(under_way: UnderWay, answers: Iterable[tuple[Message, Outcome]]) -> list[Handed]:
    """What came of mails whose intent was committed as `under_way` has them."""
    mails = {mail.id: mail for mail in under_way.taken}
    done = []
    for message, outcome in answers:
        mail = mails[message.delivery_id]
        mail = mail._replace(state=State.HANDED, attempts=mail.attempts + 1, handed_at=under_way.now)
        done.append(Handed(mail.id, outcome, mail, under_way.ways[mail.enrolment_id]))
    return done


def recalled(done: Sequence[Handed], now: datetime) -> UnderWay | None:
    """What is known of mails that were handed over, without asking, at `now` (journey time).

    None where that is not everything; nor is a way known that has ended, for none is written of it that would show
    whether it still has.
    """
    known = UnderWay(now)
    for each in done:
        if each.mail is None or each.way is None or each.way.state != "active":
            return None
        known.answered.append(each.mail)
        known.ways[each.way.id] = each.way
    return known


def record(session: Session, published: Published, lease: Lease, done: Sequence[Handed]) -> None:
    """Write down what came of a group, each with the next step of its enrolment. The caller commits.

    A late answer still counts where the row has meanwhile become `uncertain`.
    """
    under_way = lock_under_way(session, {each.delivery_id for each in done}, (), lease.token)
    record_locked(session, published, lease, under_way, done)


def record_locked(
    session: Session, published: Published, lease: Lease, under_way: UnderWay, done: Sequence[Handed]
) -> bool:
    """The same of mails that were read under their locks; what `complete` answers."""
    reckoned = reckon(published, under_way, done)
    if reckoned.record.settled:
        write_outcomes(session, reckoned.record, lease.token)
    return complete(session, published, reckoned, under_way.now)


def reckon(published: Published, under_way: UnderWay, done: Sequence[Handed]) -> Reckoned:
    """What the outcomes of mails that await them come to."""
    outcomes, now = {each.delivery_id: each.outcome for each in done}, under_way.now
    courses = {key: course_of(published, key) for key in {way.sequence for way in under_way.ways.values()}}
    reckoned = Reckoned()
    came = reckoned.record
    for mail in under_way.answered:
        settled = _settle(mail, outcomes[mail.id], published.library.business, now)
        came.settled.append(settled)
        came.readers.add(mail.contact_id)
        if mail.priority and mail.staff_to is None:
            reckoned.weighing.add(mail.contact_id)
        if settled.state == State.CLEARED:
            reckoned.again.append(_decided(mail, settled, now))
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
            reckoned.acting.append(mail.id)
    for mail in under_way.answered:
        came.plans.pop((mail.enrolment_id, mail.step), None)  # it has left already, beside the one before
    return reckoned


def complete(session: Session, published: Published, reckoned: Reckoned, now: datetime) -> bool:
    """What has to be done once outcomes are written. Whether more happened than they tell: an action that rides on a
    mail, or a question whether somebody wants to stay, may have changed whatever was read of people."""
    if reckoned.record.settled:
        add_decisions(session, reckoned.again, now)
        _tell(reckoned.record.settled)
    if reckoned.acting:
        for case in read_cases(session, published, among(Delivery.id, reckoned.acting)):
            act(session, published, case, now)
    return weigh(session, published, reckoned.weighing, now) or bool(reckoned.acting)


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
            return Settled(
                mail.id, mail.state, State.SENT, "sent", SENT if mail.priority else SERVICE_SENT, provider_id or None
            )
        case Refused(reason=reason):
            return Settled(mail.id, mail.state, State.FAILED, "refused", f"Refused for good: {reason}")
        case TryLater(reason=reason) if mail.state == State.UNCERTAIN:
            late = f"It was not taken, as became known when its sequence had gone on: {reason}"
            return Settled(mail.id, mail.state, State.FAILED, "try-later", late)
        case TryLater(reason=reason) if mail.attempts < MAX_ATTEMPTS:
            wait = retry_after(mail.attempts, outcome.code, outcome.after)
            again = f"Not taken yet, tried again after {spoken(now + wait, zone_of(mail, business))}: {reason}"
            return Settled(mail.id, mail.state, State.CLEARED, "try-later", again, wait=wait.total_seconds())
        case TryLater(reason=reason):
            return Settled(
                mail.id, mail.state, State.FAILED, "try-later", f"Given up after {mail.attempts} tries: {reason}"
            )
        case _:
            return Settled(mail.id, mail.state, State.UNCERTAIN, "uncertain", unsure(outcome.reason))


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
