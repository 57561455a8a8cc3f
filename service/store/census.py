"""How many touches and enrolments there are by state, at a price that doesn't grow with them."""

from __future__ import annotations

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from service.store.delivery import Delivery, State
from service.store.enrolment import Enrolment

SMALL = 100_000  # rows, up to which all are counted
# What has an index of its own, and is asked for by the minute.
UNDER_WAY = (State.DUE, State.HELD, State.CLEARED, State.HANDED, State.UNCERTAIN)

ROWS = text("SELECT reltuples::bigint FROM pg_class WHERE oid = CAST(:table AS regclass)")
SHARES = text(
    """
    SELECT value, round(share * reltuples)::bigint
    FROM pg_class JOIN pg_stats ON schemaname = relnamespace::regnamespace::text AND tablename = relname,
         LATERAL unnest(most_common_vals::text::text[], most_common_freqs) AS common (value, share)
    WHERE pg_class.oid = CAST(:table AS regclass) AND attname = 'state'
    """
)


def count_deliveries(session: Session) -> dict[str, int]:
    """By state. Of many, what is under way exactly, and the rest as PostgreSQL estimates it when it analyses."""
    if _is_small(session, "delivery"):
        return dict(session.execute(select(Delivery.state, func.count()).group_by(Delivery.state)).all())
    counts = _estimates(session, "delivery")
    for state in UNDER_WAY:
        # The state as a word of the statement: a value would hide from the planner which index it is.
        counts[state] = session.scalar(text(f"SELECT count(*) FROM delivery WHERE {_where(state)}")) or 0  # noqa: S608
    return counts


def count_active(session: Session) -> int:
    """Enrolments under way; of many, as PostgreSQL estimates them."""
    if _is_small(session, "enrolment"):
        active = select(func.count()).select_from(Enrolment).where(Enrolment.state == "active")
        return session.scalar(active) or 0
    return _estimates(session, "enrolment").get("active", 0)


def _where(state: State) -> str:
    """The condition as the partial index has it."""
    if state in (State.DUE, State.HELD):
        return f"state IN ('due', 'held') AND state = '{state}'"
    if state == State.CLEARED:
        return "state = 'cleared' AND pace_group IS NULL OR state = 'cleared' AND pace_group IS NOT NULL"
    return f"state = '{state}'"


def _is_small(session: Session, table: str) -> bool:
    return (session.scalar(ROWS, {"table": table}) or 0) < SMALL


def _estimates(session: Session, table: str) -> dict[str, int]:
    return {str(state): int(count) for state, count in session.execute(SHARES, {"table": table})}
