"""Calls that a step makes to another service, kept until they were taken."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, func, text, update
from sqlalchemy.orm import Mapped, Session, mapped_column

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


CLAIM = text(
    """
    WITH ready AS MATERIALIZED (
        SELECT id FROM webhook_call WHERE state = 'waiting' AND next_at <= clock_timestamp()
        ORDER BY next_at, id LIMIT :limit FOR UPDATE SKIP LOCKED
    )
    UPDATE webhook_call SET attempts = attempts + 1, next_at = clock_timestamp() + make_interval(secs => :lease)
    FROM ready WHERE webhook_call.id = ready.id
    RETURNING webhook_call.id, webhook_call.message_id, webhook_call.name, webhook_call.body, webhook_call.attempts
    """
)


@dataclass(frozen=True, slots=True)
class Claimed:
    """One attempt at a call. `attempts` counts it already, and names it: only it may record what came of it."""

    id: int
    message_id: str
    name: str
    body: Json
    attempts: int


def claim_calls(session: Session, limit: int, lease: float) -> list[Claimed]:
    """Take up to `limit` calls whose time has come, past those that others take, for `lease` seconds; by id.

    A worker that dies leaves them due again when the lease is over. The caller commits.
    """
    rows = session.execute(CLAIM, {"limit": limit, "lease": lease})
    return sorted((Claimed(*row) for row in rows), key=lambda each: each.id)


def record_call(session: Session, claimed: Claimed, state: str, error: str | None, pause: timedelta) -> None:
    """What came of an attempt, unless a later one has begun meanwhile. The caller commits."""
    session.execute(
        update(WebhookCall)
        .where(WebhookCall.id == claimed.id, WebhookCall.attempts == claimed.attempts)
        .where(WebhookCall.state == "waiting")
        .values(state=state, error=error, next_at=func.clock_timestamp() + pause)
    )
