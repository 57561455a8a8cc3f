"""What a person has to do for a referral: give a reward that no program can give, or look at a doubtful one.

Such a task hangs on an enrolment whose `sequence` no file can have, and is mailed, reminded of and settled like every
other. What its end means for the ledger: `settle_referral`.
"""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from service.actions.cancel_tasks import cancel_tasks
from service.actions.open_task import hand_to
from service.actions.proceed import new_message_id
from service.domain.assignee import Assignee, assignee_of, first_of
from service.domain.sequence.model.duration import Duration, Unit
from service.domain.sequence.model.referral import Reward as Promise
from service.domain.task import opened
from service.ports import Published
from service.store.contact import lock_contacts
from service.store.delivery import Delivery, State
from service.store.enrolment import Enrolment
from service.store.referral import Referral
from service.store.reward import Reward
from service.store.task import LOOK_AT, REFERRAL, Task

GIVE, LOOK = "(give)", "(look)"  # the steps that such a task belongs to
DUE = Duration.of(3, Unit.DAYS)


def open_give_task(
    session: Session, published: Published, referral: Referral, reward: Reward, promise: Promise, now: datetime
) -> str:
    """Ask a person to give a reward, once; who it is. The contact is locked; the caller commits."""
    business = published.library.business
    whom = assignee_of(business, promise.assign, {}) if promise.assign else first_of(business)
    what = f"{promise.name} ({promise.worth})" if promise.worth else promise.name
    about = {"referral": referral.id, "reward": reward.id}
    task = Task(contact_id=reward.contact_id, what=what, assignee=whom.name, cost=promise.cost)
    task.reason = whom.remark or None
    _open(session, published, task, whom, GIVE, f"{GIVE}:{reward.id}", about, promise.due or DUE, now)
    return whom.name


def open_look_task(session: Session, published: Published, referral: Referral, reason: str, now: datetime) -> None:
    """Ask a person to look at a referral, once, with what speaks against it. The referrer is locked; the caller
    commits."""
    business = published.library.business
    asks = business.referral.asks if business.referral else ""
    whom = assignee_of(business, asks, {}) if asks else first_of(business)
    task = Task(contact_id=referral.referrer_id, what=LOOK_AT, assignee=whom.name, reason=reason)
    _open(session, published, task, whom, LOOK, f"{LOOK}:{referral.id}", {"referral": referral.id}, DUE, now)


def close_look_task(session: Session, referral: Referral, reason: str, now: datetime) -> None:
    """Nobody has to look any more. The referrer is locked; the caller commits."""
    which = (Enrolment.contact_id == referral.referrer_id, Enrolment.sequence == REFERRAL)
    mine = select(Enrolment.id).where(*which, Enrolment.trigger_key == f"{LOOK}:{referral.id}")
    enrolment_id = session.scalar(mine)
    if enrolment_id is not None:
        cancel_tasks(session, [enrolment_id], reason, now)


def lock_people_of(session: Session, task_id: int) -> None:
    """Lock both people of a referral before the one whom a task is about; nothing where it is about no referral."""
    query = select(Enrolment.data).join(Task, Task.enrolment_id == Enrolment.id)
    data = session.scalar(query.where(Task.id == task_id, Enrolment.sequence == REFERRAL))
    if data is None:
        return
    people = session.execute(
        select(Referral.referrer_id, Referral.friend_id).where(Referral.id == data["referral"])
    ).one_or_none()
    lock_contacts(session, sorted({each for each in people or () if each}))


def _open(
    session: Session,
    published: Published,
    task: Task,
    whom: Assignee,
    step: str,
    key: str,
    about: dict[str, int],
    due: Duration,
    now: datetime,
) -> None:
    enrolment_id = _hang_up(session, task.contact_id, key, about, now)
    if enrolment_id is None:
        return
    touch = Delivery(
        enrolment_id=enrolment_id,
        contact_id=task.contact_id,
        step=step,
        priority=0,
        state=State.OPEN,
        due_at=now,
        message_id=new_message_id(published),
    )
    session.add(touch)
    session.flush()
    times = opened(now, due, None, ZoneInfo(published.library.business.zone))
    hand_to(session, published, task, touch, whom, times, now)


def _hang_up(session: Session, contact_id: int, key: str, about: dict[str, int], now: datetime) -> int | None:
    """The enrolment that a task hangs on; None where that task is there already."""
    made = insert(Enrolment).values(
        contact_id=contact_id,
        sequence=REFERRAL,
        trigger_key=key,
        state="finished",
        why="It holds a task and nothing else.",
        began_by=REFERRAL,
        about=f"referral:{about['referral']}",
        entered_at=now,
        ended_at=now,
        data=about,
    )
    return session.scalar(made.on_conflict_do_nothing().returning(Enrolment.id))
