"""Tables that only grow, kept a month to a part: the part whose time is over is dropped as a whole.

Nothing refers to them and they refer to nothing, so that dropping a part locks nobody else's table. Parts are made
ahead; what falls into none of them, because a clock is wrong or a journey runs fast, goes into the part named `rest`
and moves as soon as its month is there. So no row is ever refused for want of a part.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

TABLES = ("decision", "hit", "notice")
AHEAD = 2  # months
SMALL_WAIT = "2s"  # for a lock that everybody who writes into `rest` would queue behind
UPKEEP = 0x45564550  # the advisory lock's number: one host at a time looks after the parts
NAMED = re.compile(rf"({'|'.join(TABLES)})_(rest|(\d{{4}})_(\d\d))")

PARTS = text("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = to_regclass(:table) ORDER BY 1")


def is_part(name: str) -> bool:
    """Whether a table of this name is a part of another one."""
    return NAMED.fullmatch(name) is not None


def look_after_parts(session: Session, table: str, now: datetime, before: datetime) -> tuple[str, ...]:
    """Make the parts of this month and the next ones, and drop those that ended `before`; the names of those dropped.

    `now` and `before` are on the table's own clock: machine time for hits and notices, journey time for decisions. The
    caller commits. Raises sqlalchemy.exc.OperationalError where a lock is not to be had soon; it is tried again later.
    """
    session.execute(text(f"SET LOCAL lock_timeout = '{SMALL_WAIT}'"))
    if not session.scalar(text("SELECT pg_try_advisory_xact_lock(:lock)"), {"lock": UPKEEP}):
        return ()
    there = set(session.scalars(PARTS, {"table": table}))
    for month in _months(now, AHEAD + 1):
        if _name(table, month) not in there:
            _make(session, table, month)
    over = _over(there, before)
    for name in over:
        session.execute(text(f"DROP TABLE {name}"))
    session.execute(text(f"DELETE FROM {table}_rest WHERE at < :before"), {"before": before})  # noqa: S608 (our names)
    return over


def parts_past(session: Session, table: str, before: datetime) -> tuple[str, ...]:
    """The parts of a table whose month ended `before`: those that `look_after_parts` would drop."""
    return _over(session.scalars(PARTS, {"table": table}), before)


def _over(parts: Iterable[str], before: datetime) -> tuple[str, ...]:
    return tuple(sorted(name for name in parts if (end := _end(name)) is not None and end <= before))


def _make(session: Session, table: str, month: datetime) -> None:
    """A part for one month. It is attached rather than created in place, which would lock out all who read."""
    name, end = _name(table, month), _after(month)
    bounds = {"first": month, "end": end}
    session.execute(text(f"LOCK TABLE {table}_rest IN ACCESS EXCLUSIVE MODE"))
    session.execute(text(f"CREATE TABLE {name} (LIKE {table} INCLUDING DEFAULTS INCLUDING CONSTRAINTS)"))
    gone = f"DELETE FROM {table}_rest WHERE at >= :first AND at < :end RETURNING *"  # noqa: S608 (our own names)
    session.execute(text(f"WITH moved AS ({gone}) INSERT INTO {name} SELECT * FROM moved"), bounds)  # noqa: S608
    values = f"FROM ('{month.isoformat()}') TO ('{end.isoformat()}')"
    session.execute(text(f"ALTER TABLE {table} ATTACH PARTITION {name} FOR VALUES {values}"))


def _months(first: datetime, count: int) -> Iterator[datetime]:
    month = first.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    for _ in range(count):
        yield month
        month = _after(month)


def _after(month: datetime) -> datetime:
    return month.replace(year=month.year + month.month // 12, month=month.month % 12 + 1)


def _name(table: str, month: datetime) -> str:
    return f"{table}_{month:%Y_%m}"


def _end(name: str) -> datetime | None:
    """The instant at which a part's month is over; None for the rest."""
    named = NAMED.fullmatch(name)
    if named is None or named[3] is None:
        return None
    return _after(datetime(int(named[3]), int(named[4]), 1, tzinfo=UTC))
