"""Somebody wrote back: the sequence pauses, and a colleague is asked to answer. People talk to people."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from service.actions.staff_mail import write_staff_mail
from service.domain.assignee import first_of
from service.domain.clearance import REPLY
from service.domain.duration import add
from service.domain.reason import wrote_back
from service.domain.task import REPLY_DUE, Times, keeps_until
from service.ports import Published
from service.store.contact import Contact
from service.store.delivery import Delivery, State
from service.store.enrolment import Enrolment, of_a_sequence
from service.store.task import Task

WHAT = "answer the reply"
UNSENT = (State.DUE, State.HELD, State.CLEARED)
LEFT = (State.HANDED, State.SENT, State.UNCERTAIN)


def receive_reply(
    session: Session, published: Published, contact: Contact, data: Mapping[str, Any], now: datetime
) -> Task | None:
    """Pause the enrolment that a locked contact has replied to, and open a task for it. The caller commits.

    `data` is the event's: its `sequence` says which one, else it is that of the last mail that left. What was due,
    held or cleared waits until somebody says how it goes on. None where the contact never got a mail from a sequence.
    A second reply before the first is answered opens no second task.
    """
    enrolment = _find_enrolment(session, contact, data)
    if enrolment is None:
        return None
    _pause(session, enrolment, contact, now)
    waiting = select(Task).where(Task.enrolment_id == enrolment.id, Task.delivery_id.is_(None), Task.state == "open")
    known = session.scalars(waiting.limit(1)).first()
    return known or _open(session, published, enrolment, now)


def _find_enrolment(session: Session, contact: Contact, data: Mapping[str, Any]) -> Enrolment | None:
    own = select(Enrolment).where(Enrolment.contact_id == contact.id, of_a_sequence()).with_for_update()
    named = own.where(Enrolment.sequence == data.get("sequence"))
    newest = named.order_by((Enrolment.state == "active").desc(), Enrolment.id.desc()).limit(1)
    found = session.scalars(newest).first() if data.get("sequence") else None
    if found is not None:
        return found
    mails = select(Delivery.enrolment_id).join(Enrolment, Enrolment.id == Delivery.enrolment_id)
    mails = mails.where(Delivery.contact_id == contact.id, Delivery.staff_to.is_(None), Delivery.state.in_(LEFT))
    mails = mails.where(of_a_sequence())
    newest_first = (func.coalesce(Delivery.sent_at, Delivery.handed_at).desc(), Delivery.id.desc())
    last = session.scalar(mails.order_by(*newest_first).limit(1))
    return session.scalars(own.where(Enrolment.id == last)).first() if last is not None else None


def _pause(session: Session, enrolment: Enrolment, contact: Contact, now: datetime) -> None:
    enrolment.paused_at = enrolment.paused_at or now
    reason = wrote_back(contact.first_name, enrolment.paused_at)
    session.execute(
        update(Delivery)
        .where(Delivery.enrolment_id == enrolment.id, Delivery.staff_to.is_(None), Delivery.state.in_(UNSENT))
        .values(state=State.HELD, rule=REPLY, reason=reason, wake_at=None, token=None, lease_until=None)
    )


def _open(session: Session, published: Published, enrolment: Enrolment, now: datetime) -> Task:
    business = published.library.business
    zone = ZoneInfo(business.zone)
    whom = first_of(business)
    due_at = add(now, REPLY_DUE, zone)
    task = Task(
        enrolment_id=enrolment.id,
        contact_id=enrolment.contact_id,
        what=WHAT,
        assignee=whom.name,
        state="open",
        opened_at=now,
        due_at=due_at,
        wake_at=Times(due_at, keeps_until(due_at, zone)).wakes_at,
    )
    session.add(task)
    session.flush()
    write_staff_mail(session, published, task, None, whom.address, now)
    return task
