"""Look after what a dead worker left: a hand-over without an answer becomes `uncertain`, never `cleared`."""

from __future__ import annotations

import structlog
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.actions.case import leave_behind, read_cases
from service.actions.proceed import write_plans
from service.actions.record import act, make_uncertain, weighs_on
from service.actions.sunset import weigh
from service.ports import Published
from service.store.contact import lock_contacts
from service.store.delivery import Delivery, State
from service.store.journey import journey_now

log = structlog.get_logger()


def reap(session: Session, published: Published, limit: int = 500) -> int:
    """Rows in `handed` whose lease is over become `uncertain`, and their chains go on. The caller commits."""
    over = (Delivery.state == State.HANDED, Delivery.lease_until <= func.clock_timestamp())
    found = session.execute(select(Delivery.id, Delivery.contact_id).where(*over).limit(limit)).all()
    locked = set(lock_contacts(session, sorted({contact_id for _, contact_id in found}), wait=False))
    if not locked:
        return 0
    ids = [delivery_id for delivery_id, contact_id in found if contact_id in locked]
    cases = read_cases(session, published, Delivery.id.in_(ids), *over)
    now = journey_now(session)
    plans = []
    for case in cases:
        make_uncertain(case.delivery, "the worker that held it ended without an answer.")
        log.warning("delivery.uncertain", delivery=case.delivery.id)
        plans.append(leave_behind(published, case, case.delivery.handed_at, now))
    write_plans(session, plans)
    for case in cases:
        act(session, published, case, now)
    weigh(session, published, weighs_on(cases), now)
    return len(cases)
