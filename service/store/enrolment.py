"""Who is inside which sequence, and how far."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, ForeignKey, Index, UniqueConstraint, func, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from service.domain.system_mail import SystemMail
from service.store.tables import Id, Instant, Json, Table

UNDER_WAY = "state IN ('active', 'awaited')"


class Enrolment(Table):
    """One person's way through one sequence. `wake_at` (journey time) is when the engine looks at it next.

    What a system mail asks is a row too, active while its button works: see `service.actions.system_mail`.

    In state `awaited` the person has not entered yet: it is only known when they will (the next birthday, the expected
    visit, the end of a quiet time).

    `passed` are the keys of the steps behind the person, in their order, done or not; `last_done_at` and
    `last_mail_at` are the times that `later` and `Day N` count from.
    """

    __tablename__ = "enrolment"
    __table_args__ = (
        UniqueConstraint("contact_id", "sequence", "trigger_key"),
        Index("ix_enrolment_wake", "wake_at", postgresql_where=text(f"{UNDER_WAY} AND wake_at IS NOT NULL")),
        Index("ix_enrolment_sequence", "sequence", "id"),
        Index("ix_enrolment_about", "contact_id", "about", postgresql_where=text("about IS NOT NULL")),
    )

    id: Mapped[Id]
    contact_id: Mapped[int] = mapped_column(ForeignKey("contact.id", ondelete="CASCADE"))
    sequence: Mapped[str]
    trigger_key: Mapped[str]
    state: Mapped[str]  # awaited, active, finished, stopped, converted, left, declined
    why: Mapped[str | None]
    began_by: Mapped[str | None]  # the name of the event, or `signup`, `date`, `rhythm`, `quiet`, `manual` …
    about: Mapped[str | None]  # the thing that event spoke of (appointment, order): what `same:` asks for
    entered_at: Mapped[Instant]
    ended_at: Mapped[Instant | None]
    converted_at: Mapped[Instant | None]  # its goal was reached, and it stays
    paused_at: Mapped[Instant | None]  # a reply waits for a person
    replanned_at: Mapped[Instant | None]  # a new version was reckoned with: none of its steps was due before
    wake_at: Mapped[Instant | None]
    date_at: Mapped[Instant | None]  # what `before`, `after` and `On the day` count from
    date_is_day: Mapped[bool] = mapped_column(server_default=text("false"))  # it has no time of day of its own
    passed: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    passed_at: Mapped[Instant | None]  # when the last of them came to its end
    last_done_at: Mapped[Instant | None]
    last_mail_at: Mapped[Instant | None]
    last_mail_step: Mapped[str | None]
    arm: Mapped[str | None]
    data: Mapped[Json] = mapped_column(server_default=text("'{}'"))  # form and event that began it


@dataclass(slots=True)
class Draft:
    """An enrolment that nobody has stored yet, as far as it is stored, or decided by; plain, as many are made."""

    contact_id: int
    sequence: str
    trigger_key: str
    began_by: str
    about: str | None
    entered_at: datetime
    arm: str | None
    data: Json
    state: str = "active"
    why: str | None = None
    wake_at: datetime | None = None
    date_at: datetime | None = None
    date_is_day: bool = False
    id: int = 0
    passed: list[str] = field(default_factory=list)
    passed_at: datetime | None = None
    last_done_at: datetime | None = None
    last_mail_at: datetime | None = None
    last_mail_step: str | None = None
    paused_at: datetime | None = None
    converted_at: datetime | None = None
    replanned_at: datetime | None = None


def of_a_sequence() -> ColumnElement[bool]:
    """Whether it is a way through a sequence, and no request that a system mail makes."""
    return Enrolment.sequence.not_in([*SystemMail])


def count_enrolments(session: Session, sequence: str | None = None) -> dict[str, dict[str, int]]:
    """How many enrolments there are, by sequence (or of this one) and state."""
    each = (Enrolment.sequence, Enrolment.state)
    query = select(*each, func.count()).group_by(*each).order_by(*each)
    if sequence is not None:
        query = query.where(Enrolment.sequence == sequence)
    counts: dict[str, dict[str, int]] = defaultdict(dict)
    for key, state, count in session.execute(query):
        counts[key][state] = count
    return counts
