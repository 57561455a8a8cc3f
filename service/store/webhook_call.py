"""Calls that a step makes to another service, kept until they were taken."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from service.store.tables import Id, Json, Stamp, Table


class WebhookCall(Table):
    """One call. `message_id` stays the same over all attempts, so that the other side may tell a repetition."""

    __tablename__ = "webhook_call"
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'taken', 'given-up')", name="state"),
        Index("ix_webhook_call_waiting", "next_at", postgresql_where=text("state = 'waiting'")),
    )

    id: Mapped[Id]
    contact_id: Mapped[int] = mapped_column(ForeignKey("contact.id", ondelete="CASCADE"), index=True)
    message_id: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]  # of `webhooks` in business.yaml
    body: Mapped[Json]
    state: Mapped[str] = mapped_column(server_default="waiting")
    attempts: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    next_at: Mapped[Stamp]  # machine time
    error: Mapped[str | None]
    created_at: Mapped[Stamp]
