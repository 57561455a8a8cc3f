"""A task with all that is decided about it, locked in the order of the house: contact, enrolment, delivery, task."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.actions.proceed import find_step
from service.domain.sequence.model.sequence import Sequence
from service.domain.sequence.model.step import Step
from service.domain.task import Times, keeps_until
from service.ports import Published
from service.store.contact import Contact, lock_contacts
from service.store.delivery import Delivery, State
from service.store.enrolment import Enrolment
from service.store.task import Task


@dataclass(frozen=True, slots=True)
class Held:
    """`touch` is None where a reply opened the task; `written` its step as published, None where there is none."""

    task: Task
    contact: Contact
    enrolment: Enrolment
    touch: Delivery | None
    written: tuple[Sequence, Step] | None
    zone: ZoneInfo  # the business's

    @property
    def is_removed(self) -> bool:
        """Whether its step was taken out of the file since."""
        return self.touch is not None and self.written is None

    @property
    def times(self) -> Times:
        """When it is due, reminded of, and over."""
        task = self.task
        own = self.touch.expires_at if self.touch else None
        expires_at = own or keeps_until(task.due_at or task.opened_at, self.zone)
        return Times(task.due_at, expires_at, task.snoozed_until, task.reminded_at is not None)

    def close(self, state: str, touch_state: State, reason: str, now: datetime) -> None:
        """The task is over, and so is its touch: both say how. A touch that was done happened now."""
        self.task.state, self.task.closed_at, self.task.wake_at = state, now, None
        self.say(reason)
        if self.touch is not None:
            self.touch.state, self.touch.rule, self.touch.wake_at = touch_state, "task", None
            self.touch.sent_at = now if touch_state is State.DONE else None

    def say(self, reason: str) -> None:
        """The same sentence on the task and on its touch."""
        self.task.reason = reason
        if self.touch is not None:
            self.touch.reason = reason


def hold_task(session: Session, published: Published, task_id: int) -> Held | None:
    """One task, locked and fresh, once nobody else holds its contact; None where there is none."""
    contact_id = session.scalar(select(Task.contact_id).where(Task.id == task_id))
    if contact_id is None or not lock_contacts(session, [contact_id]):
        return None
    return next(iter(read_held(session, published, [task_id])), None)


def read_held(session: Session, published: Published, task_ids: Collection[int]) -> list[Held]:
    """Tasks whose contacts are locked already; their enrolments, touches and themselves are locked here, in order."""
    which = Task.id.in_(task_ids)
    contacts = {each.id: each for each in _fresh(session, Contact, select(Task.contact_id).where(which), lock=False)}
    enrolments = {each.id: each for each in _fresh(session, Enrolment, select(Task.enrolment_id).where(which))}
    touches = {each.id: each for each in _fresh(session, Delivery, select(Task.delivery_id).where(which))}
    return [
        Held(
            task=task,
            contact=contacts[task.contact_id],
            enrolment=enrolments[task.enrolment_id],
            touch=touches[task.delivery_id] if task.delivery_id else None,
            written=_written(published, enrolments[task.enrolment_id], touches.get(task.delivery_id or 0)),
            zone=ZoneInfo(published.library.business.zone),
        )
        for task in _fresh(session, Task, task_ids)
    ]


def _written(published: Published, enrolment: Enrolment, touch: Delivery | None) -> tuple[Sequence, Step] | None:
    found = find_step(published, enrolment, touch.step) if touch else None
    return found if found is not None and found[1].task is not None else None


_Row = TypeVar("_Row", Contact, Enrolment, Delivery, Task)


def _fresh(session: Session, table: type[_Row], ids: Any, *, lock: bool = True) -> Iterable[_Row]:
    query = select(table).where(table.id.in_(ids)).order_by(table.id)
    query = query.with_for_update() if lock else query
    return session.scalars(query.execution_options(populate_existing=True))
