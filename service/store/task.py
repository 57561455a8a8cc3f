"""What a person of the business has to do for a contact: a call, a gift, a card."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, select, text
from sqlalchemy.orm import Mapped, Session, aliased, mapped_column

from service.store.delivery import Delivery
from service.store.letter import Mail
from service.store.tables import Id, Instant, Json, Stamp, Table

REPLY = "(reply)"  # stands for the step in the rows of mails about a reply; no step of a file can be called so

REFERRAL = "(referral)"  # stands for the sequence of tasks about referrals
LOOK_AT = "look at a referral"  # what one of them asks for


class Task(Table):
    """One task. `delivery_id` is the touch that opened it, None for one that a reply opened. Times are journey time.

    `wake_at` is when it is looked at next: to remind once when it is overdue, to show again after a snooze, to expire.
    """

    __tablename__ = "task"
    __table_args__ = (
        CheckConstraint("state IN ('open', 'done', 'skipped', 'expired', 'cancelled')", name="state"),
        Index("ix_task_wake", "wake_at", postgresql_where=text("state = 'open'")),
        Index("ix_task_open", "assignee", "due_at", postgresql_where=text("state = 'open'")),
        Index("ix_task_contact", "contact_id", "id"),
    )

    id: Mapped[Id]
    delivery_id: Mapped[int | None] = mapped_column(ForeignKey("delivery.id", ondelete="CASCADE"), unique=True)
    enrolment_id: Mapped[int] = mapped_column(ForeignKey("enrolment.id", ondelete="CASCADE"), index=True)
    contact_id: Mapped[int] = mapped_column(ForeignKey("contact.id", ondelete="CASCADE"))
    what: Mapped[str]  # call, gift, card: the words behind `Task:`
    assignee: Mapped[str]  # a name of `people`, or the address of a colleague who is none of them
    state: Mapped[str]
    reason: Mapped[str | None]  # what is to be known of it while it is open, else how it ended; in sentences
    outcome: Mapped[str | None]
    note: Mapped[str | None]
    asked: Mapped[Json] = mapped_column(server_default=text("'{}'"))  # what the assignee filled in, by field
    cost: Mapped[Decimal | None] = mapped_column(Numeric())
    opened_at: Mapped[Instant]
    due_at: Mapped[Instant | None]
    reminded_at: Mapped[Instant | None]
    snoozed_until: Mapped[Instant | None]
    wake_at: Mapped[Instant | None]
    closed_at: Mapped[Instant | None]
    created_at: Mapped[Stamp]


def read_staff_tasks(session: Session, mails: Collection[Mail]) -> dict[int, Task]:
    """The task that each mail to a colleague tells of, by the mail's id.

    It is the task of the touch that the mail belongs to, or the newest one of its enrolment that a reply opened.
    """
    touch, mail = aliased(Delivery), aliased(Delivery)
    ids = [each.id for each in mails]
    of_touch = (
        select(mail.id, Task)
        .join(touch, (touch.enrolment_id == mail.enrolment_id) & (touch.step == mail.step) & (touch.occasion == 0))
        .join(Task, Task.delivery_id == touch.id)
        .where(mail.id.in_(ids))
    )
    of_reply = (
        select(mail.id, Task)
        .join(Task, (Task.enrolment_id == mail.enrolment_id) & Task.delivery_id.is_(None))
        .where(mail.id.in_(ids), mail.step == REPLY)
        .order_by(Task.id)
    )
    return dict(session.execute(of_reply).all()) | dict(session.execute(of_touch).all())


def search_tasks(
    session: Session,
    limit: int,
    before: int | None,
    *,
    state: str | None = None,
    assignee: str | None = None,
    contact_id: int | None = None,
    overdue_at: datetime | None = None,
) -> Sequence[Task]:
    """Up to `limit` tasks, the newest first, with ids below `before`; with `overdue_at` the open ones overdue then."""
    query = select(Task).order_by(Task.id.desc()).limit(limit)
    if before is not None:
        query = query.where(Task.id < before)
    if state is not None:
        query = query.where(Task.state == state)
    if assignee is not None:
        query = query.where(Task.assignee == assignee)
    if contact_id is not None:
        query = query.where(Task.contact_id == contact_id)
    if overdue_at is not None:
        query = query.where(Task.state == "open", Task.due_at < overdue_at)
    return session.scalars(query).all()
