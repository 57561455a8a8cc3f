"""Plan a mail once more that may have left before: a row of its own, because somebody asked for it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.actions.proceed import new_message_id
from service.domain.enrolment import expires_at
from service.domain.kind import MANNERS
from service.domain.sequence.model.sequence import Sequence
from service.domain.sequence.model.step import Step
from service.ports import Published
from service.store.contact import Contact
from service.store.delivery import Delivery, State
from service.store.enrolment import Enrolment
from service.store.history import facts_of, read_pasts


def send_again(
    session: Session,
    published: Published,
    contact: Contact,
    enrolment: Enrolment,
    written: tuple[Sequence, Step],
    now: datetime,
    *,
    rule: str,
    reason: str,
) -> Delivery:
    """The step's next occasion, due now: with a Message-ID of its own, and asked about like any other mail.

    The contact is locked already; the caller commits.
    """
    sequence, step = written
    facts = facts_of(published.library.business, contact, enrolment, read_pasts(session, [contact.id])[contact.id], now)
    of_step = (Delivery.enrolment_id == enrolment.id, Delivery.step == step.key)
    last: int = session.scalars(select(func.max(Delivery.occasion)).where(*of_step)).one()
    delivery = Delivery(
        enrolment_id=enrolment.id,
        contact_id=contact.id,
        step=step.key,
        occasion=last + 1,
        priority=MANNERS[step.kind].priority,
        state=State.DUE,
        rule=rule,
        reason=reason,
        due_at=now,
        wake_at=now,
        expires_at=expires_at(sequence, step, now, facts),
        message_id=new_message_id(published),
    )
    session.add(delivery)
    session.flush()
    return delivery
