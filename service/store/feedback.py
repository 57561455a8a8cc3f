"""What was told of our mails, a row a thing: kept once, however often and by whatever way it was told."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, UniqueConstraint, func, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from service.store.bulk import document, listed
from service.store.tables import Id, Instant, Stamp, Table


class ToldFeedback(Table):
    """One thing that was told (`service.domain.feedback`). `key` is its name within a provider's account.

    `delivery_id` has no foreign key: each row would lock and dirty its mail's. `prune_deliveries` lets go of both.
    Where nobody here is meant, `address_hash` is the keyed hash of the address that was spoken of.
    """

    __tablename__ = "feedback"
    __table_args__ = (
        UniqueConstraint("provider", "account", "key"),
        Index("ix_feedback_contact", "contact_id", "delivery_id"),  # timeline, the sweep of uncertain mails, pruning
        Index("ix_feedback_soft", "contact_id", postgresql_where=text("bounce = 'soft'")),
        Index("ix_feedback_policy", "recorded_at", postgresql_where=text("bounce = 'policy'")),
        Index("ix_feedback_unmatched", "recorded_at", postgresql_where=text("contact_id IS NULL")),
    )

    id: Mapped[Id]
    provider: Mapped[str]
    account: Mapped[str]
    key: Mapped[str]
    what: Mapped[str]
    bounce: Mapped[str | None]
    at: Mapped[Instant]  # machine time, as it was told
    journey_at: Mapped[Instant]
    recorded_at: Mapped[Stamp]
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contact.id", ondelete="CASCADE"))
    delivery_id: Mapped[int | None]
    address_hash: Mapped[bytes | None] = mapped_column(LargeBinary())
    code: Mapped[str]
    words: Mapped[str]
    is_machine: Mapped[bool]


class FeedbackTally(Table):
    """How much was told in all, counted as it is kept: nobody counts millions of rows for a scrape."""

    __tablename__ = "feedback_tally"

    provider: Mapped[str] = mapped_column(primary_key=True)
    what: Mapped[str] = mapped_column(primary_key=True)
    bounce: Mapped[str] = mapped_column(primary_key=True)  # "" for what is no bounce
    matched: Mapped[bool] = mapped_column(primary_key=True)
    count: Mapped[int] = mapped_column(BigInteger)


@dataclass(frozen=True, slots=True)
class Row:
    """What is to be kept of one thing. `number` is its place among those kept together."""

    number: int
    provider: str
    account: str
    key: str
    what: str
    bounce: str | None
    at: datetime
    journey_at: datetime
    contact_id: int | None
    delivery_id: int | None
    address_hash: str | None  # as PostgreSQL writes bytes
    code: str
    words: str
    is_machine: bool


# In the order of their unique key, so that two who keep the same can't wait for each other.
KEEP = text(
    """
    WITH told AS MATERIALIZED (
        SELECT * FROM json_to_recordset(CAST(:rows AS json)) AS told (
            number int, provider text, account text, key text, what text, bounce text, at timestamptz,
            journey_at timestamptz, contact_id bigint, delivery_id bigint, address_hash bytea, code text, words text,
            is_machine boolean)
    ),
    kept AS (
        INSERT INTO feedback (provider, account, key, what, bounce, at, journey_at, contact_id, delivery_id,
                              address_hash, code, words, is_machine)
        SELECT provider, account, key, what, bounce, at, journey_at, contact_id, delivery_id, address_hash, code,
               words, is_machine
        FROM told ORDER BY provider, account, key
        ON CONFLICT DO NOTHING RETURNING provider, account, key
    )
    SELECT min(number) FROM told JOIN kept USING (provider, account, key) GROUP BY provider, account, key ORDER BY 1
    """
)
TALLY = text(
    """
    INSERT INTO feedback_tally (provider, what, bounce, matched, count)
    SELECT provider, what, coalesce(bounce, ''), contact_id IS NOT NULL, count(*)
    FROM json_to_recordset(CAST(:rows AS json)) AS told (provider text, what text, bounce text, contact_id bigint)
    GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
    ON CONFLICT (provider, what, bounce, matched) DO UPDATE SET count = feedback_tally.count + excluded.count
    """
)
SOFTLY = text(
    """
    SELECT contact_id FROM feedback WHERE bounce = 'soft' AND contact_id = ANY(CAST(:ids AS bigint[]))
    GROUP BY contact_id HAVING count(*) >= :least
    """
)
# Mail to colleagues says nothing of the person.
SOFT = text(
    """
    SELECT feedback.contact_id, journey_at, delivery_id, key
    FROM feedback LEFT JOIN delivery ON delivery.id = delivery_id
    WHERE bounce = 'soft' AND feedback.contact_id = ANY(CAST(:ids AS bigint[])) AND staff_to IS NULL
    """
)
ARRIVED = text(
    """
    SELECT feedback.contact_id, journey_at FROM feedback LEFT JOIN delivery ON delivery.id = delivery_id
    WHERE what = 'delivered' AND feedback.contact_id = ANY(CAST(:ids AS bigint[])) AND staff_to IS NULL
    UNION ALL
    SELECT contact_id, at FROM event
    WHERE contact_id = ANY(CAST(:ids AS bigint[])) AND name = ANY(CAST(:answers AS text[])) AND NOT replaced
    """
)
UNMATCHED_GONE = text(
    """
    DELETE FROM feedback WHERE id IN (
        SELECT id FROM feedback WHERE contact_id IS NULL AND recorded_at < :before LIMIT :batch
    )
    """
)


def keep_feedback(session: Session, rows: Sequence[Row]) -> list[int]:
    """Keep what was told; the numbers of those that were not known yet, in their order. The caller commits."""
    return list(session.connection().execute(KEEP, {"rows": document(rows)}).scalars())


def tally(session: Session, rows: Sequence[Row]) -> None:
    """Count what was kept. Last in its transaction: everybody who keeps anything counts in the same few rows."""
    if rows:
        session.connection().execute(TALLY, {"rows": document(rows)})


def bounced_softly(session: Session, contact_ids: Collection[int], least: int) -> list[int]:
    """Those whose mails came back softly at least so often, in all their time."""
    if not contact_ids:
        return []
    return list(session.connection().execute(SOFTLY, {"ids": listed(contact_ids), "least": least}).scalars())


def read_soft_bounces(session: Session, contact_ids: Collection[int]) -> dict[int, list[tuple[datetime, int | str]]]:
    """When mails of each came back softly, and which: by its number, where that is not known by what was told."""
    found: dict[int, list[tuple[datetime, int | str]]] = defaultdict(list)
    rows = session.connection().execute(SOFT, {"ids": listed(contact_ids)})
    for contact_id, at, delivery_id, key in rows:
        found[contact_id].append((at, key if delivery_id is None else delivery_id))
    return found


def read_arrivals(session: Session, contact_ids: Collection[int], answers: Sequence[str]) -> dict[int, list[datetime]]:
    """When mails arrived at each, or were answered: by an event of one of these names."""
    found: dict[int, list[datetime]] = defaultdict(list)
    values = {"ids": listed(contact_ids), "answers": list(answers)}
    for contact_id, at in session.connection().execute(ARRIVED, values):
        found[contact_id].append(at)
    return found


def forget_unmatched(session: Session, before: datetime, batch: int) -> int:
    """Let go of a batch of what was told before then of nobody here; how many. The caller commits."""
    return session.connection().execute(UNMATCHED_GONE, {"before": before, "batch": batch}).rowcount


def refused_by_policy(session: Session) -> tuple[int, str]:
    """How many mails were refused for their sender in the last 24 hours, and the newest words about it."""
    day = (
        ToldFeedback.bounce == "policy",
        ToldFeedback.recorded_at > func.clock_timestamp() - text("interval '1 day'"),
    )
    count = session.scalar(select(func.count()).select_from(ToldFeedback).where(*day)) or 0
    newest_first = (ToldFeedback.recorded_at.desc(), ToldFeedback.id.desc())
    newest = select(ToldFeedback.words).where(*day).order_by(*newest_first).limit(1)
    return count, session.scalar(newest) or ""


def read_tally(session: Session) -> list[FeedbackTally]:
    """How much was told, by provider and what."""
    return list(session.scalars(select(FeedbackTally).order_by(FeedbackTally.provider, FeedbackTally.what)))
