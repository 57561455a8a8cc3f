"""A touch by a person is due: it is given to somebody, who is told by mail."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from service.actions.staff_mail import write_staff_mail
from service.domain.assignee import Assignee, assignee_of
from service.domain.clearance import topic_of
from service.domain.consent import may_email
from service.domain.reason import opened as words
from service.domain.reason import unreached
from service.domain.sequence.model.step import Step
from service.domain.task import Times, opened
from service.ports import Published
from service.store.contact import Contact
from service.store.delivery import Delivery
from service.store.enrolment import Enrolment
from service.store.history import contact_facts, read_standings
from service.store.task import Task


def open_task(
    session: Session,
    published: Published,
    enrolment: Enrolment,
    contact: Contact,
    step: Step,
    touch: Delivery,
    now: datetime,
) -> Task:
    """The task of a touch that has just become `open`, and the mail that tells of it. The caller commits.

    The contact is locked and `touch` (occasion 0) is stored already; its reason and expiry are written here.
    """
    assert step.task is not None
    business = published.library.business
    zone = ZoneInfo(business.zone)
    whom = assignee_of(business, step.task.assign, contact_facts(contact))
    times = opened(now, step.task.due, step.drop_after, zone)
    remarks = [whom.remark, _unreached(session, published, enrolment, contact, now)]
    task = Task(
        contact_id=contact.id,
        what=step.task.what,
        assignee=whom.name,
        reason=" ".join(filter(None, remarks)) or None,
        cost=step.task.cost,
    )
    hand_to(session, published, task, touch, whom, times, now)
    return task


def hand_to(
    session: Session, published: Published, task: Task, touch: Delivery, whom: Assignee, times: Times, now: datetime
) -> None:
    """Store a new task and what its touch says of it, and mail whoever it is for. The caller commits.

    `touch` is stored already; the task knows what, for whom and why, and gets the rest here.
    """
    task.delivery_id, task.enrolment_id, task.state = touch.id, touch.enrolment_id, "open"
    task.opened_at, task.due_at, task.wake_at = now, times.due_at, times.wakes_at
    session.add(task)
    touch.rule, touch.expires_at, touch.wake_at = "task", times.expires_at, None
    touch.reason = words(task.what, task.assignee, times.due_at, task.reason, ZoneInfo(published.library.business.zone))
    session.flush()
    write_staff_mail(session, published, task, touch, whom.address, now)


def _unreached(
    session: Session, published: Published, enrolment: Enrolment, contact: Contact, now: datetime
) -> str | None:
    """That no mail goes to the person, who is owed this all the same; None where mail may go."""
    sequence = published.library.sequence(enrolment.sequence)
    if sequence is None:
        return None
    standing = read_standings(session, [contact], now)[contact.id]
    barred = may_email(standing, topic_of(published.library.business, sequence), now)
    return unreached(contact.first_name, barred) if barred is not None else None
