"""Looking for what is due, without paying for what was."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import InstrumentedAttribute, Session


def contacts_waiting(
    session: Session,
    contact_id: InstrumentedAttribute[int],
    wake_at: InstrumentedAttribute[Any],
    *which: ColumnElement[bool],
    now: datetime,
    limit: int,
) -> set[int]:
    """The contacts of at most `limit` rows that are to be looked at now, those first that have waited longest.

    The first is looked for alone. Every row that was moved on leaves a dead entry at the front of its index. A search
    for one row walks the index and marks them, so that nobody visits them again; a search for hundreds is planned as a
    bitmap scan, which marks nothing and reads all of their pages each time, until VACUUM comes by.
    """
    due = select(contact_id).where(*which, wake_at <= now).order_by(wake_at)
    if session.scalar(due.limit(1)) is None:
        return set()
    return set(session.scalars(due.limit(limit)))
