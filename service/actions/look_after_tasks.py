"""Look after tasks: remind once of what is overdue, and close what nobody has to do any more."""

from __future__ import annotations

from datetime import datetime

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from service.actions.held_task import Held, read_held
from service.actions.receive_event import wake
from service.actions.settle_reply import end_after_reply
from service.actions.staff_mail import cancel_staff_mail, write_staff_mail
from service.domain.assignee import address_of
from service.domain.reason import undone
from service.domain.task import Look
from service.ports import Published
from service.store.contact import lock_contacts
from service.store.delivery import State
from service.store.task import Task

log = structlog.get_logger()


def look_after_tasks(session: Session, published: Published, now: datetime, limit: int = 500) -> int:
    """Look at one batch of open tasks whose time has come; how many there were. The caller commits.

    Tasks whose contacts another worker holds are left to it.
    """
    due = select(Task.id, Task.contact_id).where(Task.state == "open", Task.wake_at <= now)
    found = session.execute(due.order_by(Task.wake_at).limit(limit)).all()
    locked = (
        set(lock_contacts(session, sorted({contact_id for _, contact_id in found}), wait=False)) if found else set()
    )
    mine = [task_id for task_id, contact_id in found if contact_id in locked]
    held = [each for each in read_held(session, published, mine) if each.task.state == "open"] if mine else []
    for each in held:
        _look(session, published, each, now)
    return len(held)


def _look(session: Session, published: Published, held: Held, now: datetime) -> None:
    match held.times.look(now):
        case Look.EXPIRE:
            _expire(session, held, now)
        case Look.REMIND:
            held.task.reminded_at = now
            held.task.wake_at = held.times.ends_at
            address = address_of(published.library.business, held.task.assignee)
            write_staff_mail(session, published, held.task, held.touch, address, now)
            log.info("task.reminded", task=held.task.id)
        case Look.WAIT:
            held.task.wake_at = held.times.wakes_at


def _expire(session: Session, held: Held, now: datetime) -> None:
    since = held.task.due_at or held.task.opened_at
    held.close("expired", State.EXPIRED, undone(since, held.zone), now)
    cancel_staff_mail(session, held.task, held.touch, "the task is expired.")
    log.warning("task.expired", task=held.task.id)
    if held.touch is None:
        # Nobody has read what the person wrote, so nothing more is sent to them as if they had said nothing.
        end_after_reply(session, held.enrolment, "they wrote back, and nobody answered.", now)
        return
    session.flush()
    wake(session, held.contact.id, now)
