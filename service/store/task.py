"""What a person of the business has to do for a contact: a call, a gift, a card."""

from __future__ import annotations

from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, text
from sqlalchemy.orm import Mapped, mapped_column

from service.store.tables import Id, Instant, Json, Stamp, Table


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
    assignee: Mapped[str]  # a name of `people`
    state: Mapped[str]
    reason: Mapped[str | None]  # why it ended, in a sentence
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
