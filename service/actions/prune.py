"""Let go of what is kept for a time only. Run by beat once an hour; small batches, so that nobody waits for it."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from service.store.access import IdempotentReply

REPLIES_KEPT = timedelta(hours=24)
BATCH = 5_000


def prune(session: Session) -> int:
    """Delete a batch of what is past its time; how much that was. The caller commits."""
    old = select(IdempotentReply.id).where(IdempotentReply.created_at < func.clock_timestamp() - REPLIES_KEPT)
    gone = session.execute(delete(IdempotentReply).where(IdempotentReply.id.in_(old.limit(BATCH))))
    return gone.rowcount  # type: ignore[attr-defined, no-any-return]
