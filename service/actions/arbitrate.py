"""Decide who may be written to now: all that is due for a person competes for the slots the caps allow."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from service.actions.case import Case, leave_behind, read_cases
from service.actions.proceed import Plan, write_plans
from service.actions.rule import decided, rule
from service.domain.throttle import Ruling, Verdict
from service.ports import Published
from service.store.bulk import among
from service.store.contact import lock_contacts
from service.store.decision import write_decisions
from service.store.delivery import Delivery, State
from service.store.due import Due, read_due
from service.store.waiting import contacts_waiting

UNSETTLED = (State.DUE, State.HELD)
RAN_OUT = frozenset({"expired", "window"})  # the rules by which a mail expires; by any other it is cancelled


def arbitrate(session: Session, published: Published, now: datetime, limit: int = 1000) -> int:
    """Rule on one batch of contacts with something due; how many deliveries were ruled on. The caller commits."""
    unsettled = Delivery.state.in_(UNSETTLED)
    waiting = contacts_waiting(session, Delivery.contact_id, Delivery.wake_at, unsettled, now=now, limit=limit)
    locked = lock_contacts(session, sorted(waiting), wait=False)
    if not locked:
        return 0
    dues = read_due(session, locked)
    verdicts = rule(session, published, dues, now)
    held = str(State.HELD)
    again = {due.id for due in dues if due.state == held}
    write_decisions(session, [decided(*each) for each in verdicts], again, now, UNSETTLED)
    put_aside(session, published, verdicts, now)
    return len(verdicts)


def take_back(session: Session, published: Published, verdicts: Sequence[tuple[Due, Verdict]], now: datetime) -> None:
    """What was cleared and may not leave after all waits, or is put aside. Rows are locked; the caller commits."""
    write_decisions(session, [decided(*each) for each in verdicts], (), now, (State.CLEARED,))
    put_aside(session, published, verdicts, now)


def put_aside(session: Session, published: Published, verdicts: Sequence[tuple[Due, Verdict]], now: datetime) -> None:
    """What will not be sent is behind its person, and the next touch is planned in its place. The caller commits."""
    expired = Ruling.EXPIRED
    over = {due.id: verdict for due, verdict in verdicts if verdict.ruling is expired}
    if over:
        cases = read_cases(session, published, among(Delivery.id, over))
        write_plans(session, [_end(published, case, over[case.delivery.id], now) for case in cases])


def _end(published: Published, case: Case, verdict: Verdict, now: datetime) -> Plan | None:
    delivery = case.delivery
    delivery.rule, delivery.reason = verdict.rule, verdict.reason
    delivery.state = State.EXPIRED if verdict.rule in RAN_OUT else State.CANCELLED
    delivery.wake_at = delivery.token = delivery.lease_until = None
    return leave_behind(published, case, None, now)
