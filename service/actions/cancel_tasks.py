"""An enrolment has ended: nobody has to do its open tasks any more."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from service.store.delivery import Delivery, State
from service.store.task import Task

UNSENT = (State.DUE, State.HELD, State.CLEARED)


def cancel_tasks(session: Session, enrolment_ids: Collection[int], reason: str, now: datetime) -> int:
    """Cancel what is open in these enrolments, with the mails that tell of it; how many tasks. The caller commits.

    The contacts are locked already. `reason` is the sentence with which the enrolment ended. For an enrolment that
    was stopped, converted or taken out; one that is finished, or whose person left our mail, still owes its touches.
    """
    which = (Task.enrolment_id.in_(enrolment_ids), Task.state == "open")
    tasks = session.scalars(select(Task).where(*which).order_by(Task.id).with_for_update()).all()
    if not tasks:
        return 0
    for task in tasks:
        task.state, task.reason, task.closed_at, task.wake_at = "cancelled", reason, now, None
    touches = [task.delivery_id for task in tasks if task.delivery_id is not None]
    over = {"state": State.CANCELLED, "rule": "task", "reason": reason, "wake_at": None}
    session.execute(update(Delivery).where(Delivery.id.in_(touches), Delivery.state == State.OPEN).values(over))
    session.execute(
        update(Delivery)
        .where(
            Delivery.enrolment_id.in_({task.enrolment_id for task in tasks}),
            Delivery.staff_to.is_not(None),
            Delivery.state.in_(UNSENT),
        )
        .values(over)
    )
    return len(tasks)
