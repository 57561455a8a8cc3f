"""Who is inside which sequence, and how far."""

from __future__ import annotations

from collections import defaultdict

from sqlalchemy import ForeignKey, Index, UniqueConstraint, func, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from service.store.tables import Id, Instant, Json, Table


class Enrolment(Table):
    """One person's way through one sequence. `wake_at` (journey time) is when the engine looks at it next.

    `passed` are the keys of the steps behind the person, in their order, done or not; `last_done_at` and
    `last_mail_at` are the times that `later` and `Day N` count from.
    """

    __tablename__ = "enrolment"
    __table_args__ = (
        UniqueConstraint("contact_id", "sequence", "trigger_key"),
        Index("ix_enrolment_wake", "wake_at", postgresql_where=text("state = 'active' AND wake_at IS NOT NULL")),
        Index("ix_enrolment_sequence", "sequence", "id"),
    )

    id: Mapped[Id]
    contact_id: Mapped[int] = mapped_column(ForeignKey("contact.id", ondelete="CASCADE"))
    sequence: Mapped[str]
    trigger_key: Mapped[str]
    state: Mapped[str]  # active, finished, stopped, converted, left
    why: Mapped[str | None]
    entered_at: Mapped[Instant]
    ended_at: Mapped[Instant | None]
    wake_at: Mapped[Instant | None]
    passed: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    last_done_at: Mapped[Instant | None]
    last_mail_at: Mapped[Instant | None]
    last_mail_step: Mapped[str | None]
    arm: Mapped[str | None]
    data: Mapped[Json] = mapped_column(server_default=text("'{}'"))  # form and event that began it


def anybody_inside(session: Session) -> bool:
    """Whether any enrolment is active."""
    return bool(session.scalar(select(select(Enrolment.id).where(Enrolment.state == "active").exists())))


def count_enrolments(session: Session, sequence: str | None = None) -> dict[str, dict[str, int]]:
    """How many enrolments there are, by sequence (or of this one) and state."""
    query = select(Enrolment.sequence, Enrolment.state, func.count()).group_by(Enrolment.sequence, Enrolment.state)
    if sequence is not None:
        query = query.where(Enrolment.sequence == sequence)
    counts: dict[str, dict[str, int]] = defaultdict(dict)
    for key, state, count in session.execute(query):
        counts[key][state] = count
    return counts
