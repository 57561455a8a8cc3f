"""A delivery with all that is decided about it: its enrolment, its person, and the step as it is written now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from service.actions.proceed import Plan, find_step, plan_next, put_behind
from service.domain.sequence.model.sequence import Sequence
from service.domain.sequence.model.step import Step
from service.ports import Published
from service.store.contact import Contact
from service.store.delivery import Delivery, State
from service.store.enrolment import Enrolment
from service.store.history import local_of, read_contacts


@dataclass(frozen=True, slots=True)
class Case:
    """One delivery. `written` is its sequence and step in the publication in force, None where they were removed."""

    delivery: Delivery
    enrolment: Enrolment
    contact: Contact
    written: tuple[Sequence, Step] | None


def read_cases(session: Session, published: Published, *which: ColumnElement[bool]) -> list[Case]:
    """The deliveries that fulfil all conditions, fresh and locked; their contacts must be locked already.

    Enrolments are locked before deliveries, both in ascending order, as everywhere.
    """
    inside = select(Delivery.enrolment_id).where(*which)
    locked = select(Enrolment).where(Enrolment.id.in_(inside)).order_by(Enrolment.id).with_for_update()
    fresh = {"populate_existing": True}
    enrolments = {each.id: each for each in session.scalars(locked.execution_options(**fresh))}
    query = select(Delivery).where(*which).order_by(Delivery.id).with_for_update()
    # A row that came to fulfil the conditions only after its enrolment was looked for is left to the next round.
    rows = [row for row in session.scalars(query.execution_options(**fresh)) if row.enrolment_id in enrolments]
    contacts = read_contacts(session, {row.contact_id for row in rows})
    return [
        Case(row, enrolment, contacts[row.contact_id], find_step(published, enrolment, row.step))
        for row in rows
        for enrolment in (enrolments[row.enrolment_id],)
    ]


def leave_behind(published: Published, case: Case, at: datetime | None, now: datetime) -> Plan | None:
    """The delivery has come to its end: `at` where a mail left or may have. The touch to be planned in its commit."""
    if case.enrolment.state != "active" or case.delivery.occasion:
        return None
    if case.written is not None:
        over_at = case.delivery.expires_at if case.delivery.state == State.EXPIRED else now
        put_behind(case.enrolment, case.written[1], at, over_at)
    return plan_next(published, case.enrolment, local_of(case.contact, published.library.business), now)
