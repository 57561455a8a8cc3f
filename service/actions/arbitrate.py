"""Decide who may be written to now: all that is due for a person competes for the slots the caps allow."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from service.actions.case import Case, leave_behind, read_cases
from service.actions.proceed import Plan, write_plans
from service.domain import clearance
from service.domain.consent import Standing
from service.domain.reason import REMOVED
from service.domain.throttle import Candidate, Ruling, Verdict
from service.domain.throttle import arbitrate as decide
from service.domain.window import Window
from service.ports import Published
from service.store.bulk import among
from service.store.contact import lock_contacts
from service.store.delivery import Delivery, State
from service.store.history import read_complaints, read_counted, read_standings, zone_of
from service.store.task import REPLY
from service.store.waiting import contacts_waiting


def arbitrate(session: Session, published: Published, now: datetime, limit: int = 500) -> int:
    """Rule on one batch of contacts with something due; how many deliveries were ruled on. The caller commits."""
    unsettled = Delivery.state.in_((State.DUE, State.HELD))
    waiting = contacts_waiting(session, Delivery.contact_id, Delivery.wake_at, unsettled, now=now, limit=limit)
    locked = lock_contacts(session, sorted(waiting), wait=False)
    if not locked:
        return 0
    cases = read_cases(session, published, among(Delivery.contact_id, locked), unsettled)
    verdicts = rule(session, published, cases, now)
    write_plans(session, [apply(published, case, verdict, now) for case, verdict in verdicts])
    return len(cases)


def rule(session: Session, published: Published, cases: Sequence[Case], now: datetime) -> list[tuple[Case, Verdict]]:
    """A verdict for each case. Consent and suppression are asked first, then the window and the caps."""
    business = published.library.business
    contacts = {case.contact.id: case.contact for case in cases}
    standings = read_standings(session, list(contacts.values()), now)
    counted = read_counted(session, list(contacts), [case.delivery.id for case in cases], now)
    verdicts: list[tuple[Case, Verdict]] = []
    competing: dict[int, list[Case]] = defaultdict(list)
    complaints = read_complaints(session, list(contacts))
    for case in cases:
        barred = _bar(published, case, standings[case.contact.id]) or _hold(case, complaints, now)
        if barred is not None:
            verdicts.append((case, barred))
        else:
            competing[case.contact.id].append(case)
    for contact_id, rivals in competing.items():
        candidates = [_candidate(published, case, now) for case in rivals]
        zone = zone_of(contacts[contact_id], business)
        decided = decide(candidates, counted[contact_id], business.caps, business.closed, zone, now)
        verdicts += [(case, decided[case.delivery.id]) for case in rivals]
    return verdicts


def _bar(published: Published, case: Case, standing: Standing) -> Verdict | None:
    """Why this mail may not be sent at all, whatever its turn."""
    if case.written is None and case.delivery.step != REPLY:  # a task that a reply opened has no step
        return Verdict(Ruling.EXPIRED, "removed", REMOVED)
    if case.enrolment.state != "active" and not case.delivery.occasion:
        return clearance.left(case.enrolment.why)
    if case.written is None or case.delivery.staff_to is not None:
        return None  # a colleague's
    topic = clearance.topic_of(published.library.business, case.written[0])
    return clearance.barred(standing, topic, case.contact.first_name)


def _hold(case: Case, complaints: Mapping[int, datetime], now: datetime) -> Verdict | None:
    """What has to be settled before it may leave."""
    delivery = case.delivery
    if delivery.staff_to is not None:
        return None
    waits = None if delivery.occasion else clearance.held_by_reply(case.enrolment.paused_at, case.contact.first_name)
    if waits is None and case.written is not None:
        waits = clearance.held_by_pause(case.written[0], delivery.expires_at, now)
    raised = complaints.get(case.contact.id)
    return waits or clearance.held_by_complaint(raised, delivery.priority, delivery.expires_at, now)


def _candidate(published: Published, case: Case, now: datetime) -> Candidate:
    if case.written is None or case.delivery.staff_to is not None:
        return Candidate(case.delivery.id, 0, case.delivery.expires_at or now, Window.any(), closed_days=False)
    sequence, step = case.written
    ends = case.delivery.expires_at or now
    return clearance.candidate(case.delivery.id, sequence, step, ends, published.library.business)


def apply(published: Published, case: Case, verdict: Verdict, now: datetime) -> Plan | None:
    """Note a verdict. What will not be sent is behind the person: the touch to be planned in its place, if any."""
    delivery = case.delivery
    delivery.rule, delivery.reason = verdict.rule, verdict.reason
    delivery.token = delivery.lease_until = None
    match verdict.ruling:
        case Ruling.CLEARED:
            delivery.state, delivery.wake_at = State.CLEARED, None
        case Ruling.HELD:
            delivery.state, delivery.wake_at = State.HELD, verdict.until
        case Ruling.EXPIRED:
            delivery.state = State.EXPIRED if verdict.rule in {"expired", "window"} else State.CANCELLED
            delivery.wake_at = None
            return leave_behind(published, case, None, now)
    return None
