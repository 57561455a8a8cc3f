"""Let go of what is kept for a time only. Run by beat once an hour; small batches, so that nobody waits for it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from service.store.access import IdempotentReply
from service.store.decision import Decision
from service.store.journey import journey_now

REPLIES_KEPT = timedelta(hours=24)
# Of journey time. No mail waits for as long, and what became of one stands in its own row for good.
DECISIONS_KEPT = timedelta(days=180)
BATCH = 5_000


def prune(session: Session) -> int:
    """Delete a batch of what is past its time; how much that was. The caller commits, and goes on while it is much."""
    old_reply = IdempotentReply.created_at < func.clock_timestamp() - REPLIES_KEPT
    old_decision = Decision.at < journey_now(session) - DECISIONS_KEPT
    return _drop(session, IdempotentReply.id, old_reply) + _drop(session, Decision.id, old_decision)


def _drop(session: Session, number: InstrumentedAttribute[int], old: ColumnElement[bool]) -> int:
    batch = select(number).where(old).limit(BATCH)
    gone = session.execute(delete(number.class_).where(number.in_(batch)))
    rows: Any = gone
    return int(rows.rowcount)
