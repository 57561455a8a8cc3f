"""What a leaving took away, kept so that it can be given back within the hour; and why people left, without whom."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, delete, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from service.store.tables import Instant, Json, Table


class Leaving(Table):
    """A leaving that put somebody on the suppression list, named by its consent (`act` withdrawn). Numbers and topics,
    and nothing that tells of anybody what their own rows don't; it goes with the person.

    `agreed` are the topics that were agreed to until then. `ended` is how it found the enrolments that it ended, each
    by its id: state, why, and when that ended; `cancelled` the states in which it found the mails.
    """

    __tablename__ = "leaving"
    __table_args__ = (Index("ix_leaving_at", "at"),)

    consent_id: Mapped[int] = mapped_column(ForeignKey("consent.id", ondelete="CASCADE"), primary_key=True)
    contact_id: Mapped[int] = mapped_column(ForeignKey("contact.id", ondelete="CASCADE"), index=True)
    topic: Mapped[str | None]  # None: all marketing
    at: Mapped[Instant]
    agreed: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    ended: Mapped[Json] = mapped_column(server_default=text("'{}'"))
    cancelled: Mapped[Json] = mapped_column(server_default=text("'{}'"))
    event_id: Mapped[int | None]  # what it raised
    undone_at: Mapped[Instant | None]


class LeavingTally(Table):
    """How often each reason for leaving was given, over all people and for good."""

    __tablename__ = "leaving_tally"

    reason: Mapped[str] = mapped_column(primary_key=True)
    count: Mapped[int] = mapped_column(BigInteger)


def count_reason(session: Session, reason: str, by: int) -> None:
    """One more, or one less where somebody gave another reason instead. The caller commits."""
    row = insert(LeavingTally).values(reason=reason, count=by)
    more = {"count": LeavingTally.count + row.excluded.count}
    session.execute(row.on_conflict_do_update(index_elements=["reason"], set_=more))


def read_reasons(session: Session) -> dict[str, int]:
    """How often each reason was given."""
    query = select(LeavingTally.reason, LeavingTally.count).order_by(LeavingTally.reason)
    return dict(session.execute(query).all())


def forget_leavings(session: Session, before: datetime, limit: int) -> int:
    """Let go of a batch of what can't be taken back any more (journey time); how many. The caller commits."""
    old = select(Leaving.consent_id).where(Leaving.at < before).limit(limit)
    gone = session.scalars(delete(Leaving).where(Leaving.consent_id.in_(old)).returning(Leaving.consent_id))
    return len(gone.all())
