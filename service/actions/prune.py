"""Let go of what is kept for a time only. Run by beat once an hour; small batches, so that nobody waits for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, select, text
from sqlalchemy.orm import Session

from service.settings import Settings
from service.store.access import IdempotentReply
from service.store.feedback import forget_unmatched
from service.store.journey import journey_now
from service.store.leaving import forget_leavings
from service.store.partition import look_after_parts, parts_past

REPLIES_KEPT = timedelta(hours=24)
LEFT_KEPT = timedelta(days=1)  # a leaving can be taken back for an hour
BATCH = 5_000

# The oldest first, by number: what was made first was planned first, give or take. Rows that somebody holds are left to
# the next round, so that nobody who has locked their contact can wait for us. Each enrolment is looked up by its number
# (OFFSET 0 keeps the planner from beginning with all that ended long ago).
FINISHED = "('sent', 'failed', 'uncertain', 'skipped', 'expired', 'cancelled', 'done')"
PAGE = text(
    f"""
    WITH page AS MATERIALIZED (
        SELECT id, enrolment_id, created_at, due_at, state FROM delivery WHERE id > :after ORDER BY id LIMIT :batch
    ),
    over AS MATERIALIZED (
        SELECT page.id FROM page, LATERAL (
            SELECT state, ended_at FROM enrolment WHERE enrolment.id = page.enrolment_id OFFSET 0
        ) AS e
        WHERE page.state IN {FINISHED}
          AND page.due_at < :before AND e.ended_at < :before AND e.state NOT IN ('active', 'awaited')
    ),
    free AS MATERIALIZED (
        SELECT id FROM delivery WHERE id = ANY (ARRAY (SELECT id FROM over)) FOR UPDATE SKIP LOCKED
    ),
    gone AS (DELETE FROM delivery WHERE id = ANY (ARRAY (SELECT id FROM free)) RETURNING id, contact_id),
    untold AS (
        DELETE FROM feedback USING gone WHERE feedback.contact_id = gone.contact_id AND feedback.delivery_id = gone.id
    )
    SELECT max(page.id), min(page.created_at), (SELECT count(*) FROM gone) FROM page
    """  # noqa: S608 (our own words)
)
COUNT = text(
    f"""
    SELECT count(*) FROM delivery JOIN enrolment ON enrolment.id = delivery.enrolment_id
    WHERE delivery.state IN {FINISHED} AND delivery.due_at < :before
      AND ended_at < :before AND enrolment.state NOT IN ('active', 'awaited')
    """  # noqa: S608
)


@dataclass(frozen=True, slots=True)
class Keeping:
    """For how long what only grows is kept. Hits and notices by machine time, the others by journey time; deliveries,
    and what was told of them, may be kept for good (None)."""

    hits: timedelta
    decisions: timedelta
    deliveries: timedelta | None
    notices: timedelta = timedelta(days=40)


def keeping_of(settings: Settings) -> Keeping:
    """For how long the settings want what only grows to be kept."""
    deliveries = timedelta(days=settings.keep_deliveries) if settings.keep_deliveries else None
    return Keeping(
        hits=timedelta(days=settings.keep_hits),
        decisions=timedelta(days=settings.keep_decisions),
        deliveries=deliveries,
        notices=timedelta(days=settings.keep_notices),
    )


@dataclass(frozen=True, slots=True)
class Page:
    """A walk through the deliveries: the last number looked at, None at its end, and how many were let go of."""

    last: int | None
    gone: int


def prune(session: Session) -> int:
    """Delete a batch of kept answers that are past their time; how many. The caller commits, and goes on while it is
    much."""
    old = IdempotentReply.created_at < func.clock_timestamp() - REPLIES_KEPT
    batch = select(IdempotentReply.id).where(old).limit(BATCH)
    gone: Any = session.execute(delete(IdempotentReply).where(IdempotentReply.id.in_(batch)))
    return int(gone.rowcount)


def forget_left(session: Session) -> int:
    """Let go of a batch of what leavings took away, once it can't be given back any more; how many. The caller commits,
    and goes on while it is much."""
    return forget_leavings(session, journey_now(session) - LEFT_KEPT, BATCH)


def look_after_months(session: Session, keeping: Keeping, machine_now: datetime) -> tuple[str, ...]:
    """Make the coming months' parts of what is kept by the month, and drop those past their time; the names of those
    dropped. The caller commits. Raises sqlalchemy.exc.OperationalError where a table stays locked."""
    now = journey_now(session)
    return (
        look_after_parts(session, "hit", machine_now, machine_now - keeping.hits)
        + look_after_parts(session, "notice", machine_now, machine_now - keeping.notices)
        + look_after_parts(session, "decision", now, now - keeping.decisions)
    )


def months_past(session: Session, keeping: Keeping, machine_now: datetime) -> dict[str, tuple[str, ...]]:
    """The months that `look_after_months` would drop now, by what they hold; nothing is changed."""
    return {
        "opens and clicks": parts_past(session, "hit", machine_now - keeping.hits),
        "notices": parts_past(session, "notice", machine_now - keeping.notices),
        "decisions": parts_past(session, "decision", journey_now(session) - keeping.decisions),
    }


def count_finished(session: Session, kept: timedelta) -> int:
    """How many deliveries `prune_deliveries` would let go of now."""
    return int(session.scalar(COUNT, {"before": journey_now(session) - kept}) or 0)


def forget_strangers(session: Session, keeping: Keeping, machine_now: datetime) -> int:
    """Let go of a batch of what was told of nobody here, as soon as it can't be read again; how many. The caller
    commits, and goes on while it is much."""
    return forget_unmatched(session, machine_now - keeping.notices, BATCH)


def prune_deliveries(session: Session, kept: timedelta, after: int = 0) -> Page:
    """Let go of finished deliveries behind number `after`, a page of them, whose enrolment ended longer than `kept` ago
    (journey time). Their enrolments stay, so that nobody enters the same twice. The caller commits."""
    before = journey_now(session) - kept
    last, oldest, gone = session.execute(PAGE, {"after": after, "batch": BATCH, "before": before}).one()
    # What was made since can't be over: the walk ends there.
    return Page(last if last is not None and oldest < before else None, gone)
