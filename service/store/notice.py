"""What providers posted, as it came: kept before it is answered, read behind, a month to a part.

What was read to its end is let go of at once, but for the fact that it came: people's addresses stand in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Identity,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    func,
    insert,
    or_,
    select,
    text,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from service.store.bulk import document
from service.store.tables import Instant, Json, Table


class Reading(StrEnum):
    """How far a notice was read."""

    WAITING = "waiting"
    DONE = "done"  # its body and header fields are gone
    ASIDE = "aside"  # it could not be read; `error` says why, and a person looks at it


class Notice(Table):
    """One request of a provider. `items` things are told in it, of which `taken` are known already.

    Of its header fields only those are kept that it takes to read it again, never what proved it.
    """

    __tablename__ = "notice"
    __table_args__ = (
        PrimaryKeyConstraint("id", "at"),
        CheckConstraint("state IN (" + ", ".join(f"'{each.value}'" for each in Reading) + ")", name="state"),
        Index("ix_notice_waiting", "id", postgresql_where=text("state = 'waiting'")),
        Index("ix_notice_aside", "id", postgresql_where=text("state = 'aside'")),
        {"postgresql_partition_by": "RANGE (at)"},
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity())
    at: Mapped[Instant]  # machine time
    provider: Mapped[str]
    account: Mapped[str]  # the NAME of its address, "" where it has none
    headers: Mapped[Json] = mapped_column(server_default=text("'{}'"))
    body: Mapped[bytes] = mapped_column(LargeBinary())
    items: Mapped[int] = mapped_column(Integer)
    taken: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    state: Mapped[str] = mapped_column(server_default="waiting")
    error: Mapped[str | None]
    retry_at: Mapped[Instant | None]  # machine time; before it nobody looks at a notice that waits


# As many notices, the oldest first, as it takes to come by so many items. Those that somebody else reads are passed by.
TAKE = text(
    """
    WITH next AS MATERIALIZED (
        SELECT id, at, greatest(items - taken, 1) AS weight FROM notice
        WHERE state = 'waiting' AND (retry_at IS NULL OR retry_at <= clock_timestamp())
        ORDER BY id LIMIT :most FOR UPDATE SKIP LOCKED
    ),
    summed AS (SELECT id, at, sum(weight) OVER (ORDER BY id) - weight AS before FROM next)
    SELECT notice.id, notice.at, provider, account, headers, body, taken, error
    FROM summed JOIN notice ON notice.id = summed.id AND notice.at = summed.at
    WHERE before < :items ORDER BY notice.id
    """
)
WRITE = text(
    """
    UPDATE notice SET taken = read.taken, state = read.state, error = read.error, retry_at = read.retry_at,
        body = CASE read.state WHEN 'done' THEN '' ELSE body END,
        headers = CASE read.state WHEN 'done' THEN '{}' ELSE headers END
    FROM json_to_recordset(CAST(:read AS json))
         AS read (id bigint, at timestamptz, taken int, state text, error text, retry_at timestamptz)
    WHERE notice.id = read.id AND notice.at = read.at
    """
)
COUNT = text(
    """
    SELECT (SELECT count(*) FROM notice WHERE state = 'waiting'), (SELECT count(*) FROM notice WHERE state = 'aside'),
           (SELECT error FROM notice WHERE state = 'aside' ORDER BY id DESC LIMIT 1),
           (SELECT error FROM notice WHERE state = 'waiting' AND error IS NOT NULL ORDER BY id DESC LIMIT 1)
    """
)


@dataclass(frozen=True, slots=True)
class Held:
    """A notice in hand: locked, and not wholly read."""

    id: int
    at: datetime
    provider: str
    account: str
    headers: Mapping[str, str]
    body: bytes
    taken: int
    error: str | None  # why an earlier try of it failed


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a notice was read."""

    id: int
    at: datetime
    taken: int
    state: Reading
    error: str | None = None
    retry_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Piled:
    """How many notices wait, and lie aside; why the newest of these does, and why one that waits is tried again."""

    waiting: int
    aside: int
    error: str | None
    postponed: str | None


def keep_notices(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep what came, a row each by column. The caller commits."""
    session.connection().execute(insert(Notice), [dict(row) for row in rows])


def take_notices(session: Session, items: int, most: int) -> list[Held]:
    """Waiting notices, the oldest first, at most `most`, with about so many `items` to read. Their rows are locked."""
    return [Held(*row) for row in session.connection().execute(TAKE, {"items": items, "most": most})]


def write_progress(session: Session, read: Sequence[Progress]) -> None:
    """Write down how far notices were read. The caller commits."""
    if read:
        session.connection().execute(WRITE, {"read": document(read)})


def count_notices(session: Session) -> Piled:
    """What is still to be read, and what could not be."""
    return Piled(*session.execute(COUNT).one())


def any_waiting(session: Session) -> bool:
    """Whether a notice is to be read now."""
    due = or_(Notice.retry_at.is_(None), Notice.retry_at <= func.clock_timestamp())
    return session.scalar(select(Notice.id).where(Notice.state == "waiting", due).limit(1)) is not None
