"""Decide who may be written to now: all that is due for a person competes for the slots the caps allow."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.actions.case import Case, leave_behind, read_cases
from service.actions.proceed import Plan, write_plans
from service.domain.consent import Standing, why_not
from service.domain.enrolment import window_of
from service.domain.sequence.model import Topic
from service.domain.throttle import Candidate, Ruling, Verdict
from service.domain.throttle import arbitrate as decide
from service.ports import Published
from service.store.contact import lock_contacts
from service.store.delivery import Delivery, State
from service.store.history import read_counted, read_standings, zone_of


def arbitrate(session: Session, published: Published, now: datetime, limit: int = 500) -> int:
    """Rule on one batch of contacts with something due; how many deliveries were ruled on. The caller commits."""
    due = select(Delivery.contact_id).where(Delivery.state.in_((State.DUE, State.HELD)), Delivery.wake_at <= now)
    waiting = set(session.scalars(due.order_by(Delivery.wake_at).limit(limit)))
    locked = lock_contacts(session, sorted(waiting), wait=False)
    if not locked:
        return 0
    cases = read_cases(session, published, Delivery.contact_id.in_(locked), Delivery.state.in_((State.DUE, State.HELD)))
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
    for case in cases:
        barred = _bar(published, case, standings[case.contact.id])
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
    if case.written is None:
        return Verdict(Ruling.EXPIRED, "removed", "Not sent: the step was taken out of its sequence.")
    if case.enrolment.state != "active" and not case.delivery.occasion:
        return Verdict(Ruling.EXPIRED, "left", f"Not sent: {case.enrolment.why or 'the enrolment is over.'}")
    sequence, _ = case.written
    topic = published.library.business.topic(sequence.topic) or Topic(sequence.topic)
    barred = why_not(standing, topic)
    if barred is None:
        return None
    name = case.contact.first_name or "The person"
    return Verdict(Ruling.EXPIRED, "consent", f"Not sent: {name} {barred}.")


def _candidate(published: Published, case: Case, now: datetime) -> Candidate:
    assert case.written is not None
    sequence, step = case.written
    return Candidate(
        id=case.delivery.id,
        priority=case.delivery.priority,
        expires_at=case.delivery.expires_at or now,
        window=window_of(sequence, step, published.library.business.window),
        closed_days=case.delivery.priority > 0,
    )


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
