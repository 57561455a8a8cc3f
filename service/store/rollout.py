"""What a publication still has to do to the people who are here: in batches, after its commit, by any worker."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from sqlalchemy import BigInteger, ColumnElement, ForeignKey, delete, func, or_, select, text
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.orm import Mapped, Session, aliased, mapped_column

from service.domain.rollout import INTAKE, REOPEN, REPLAN, Work
from service.store.contact import Contact
from service.store.enrolment import Enrolment
from service.store.tables import Id, Instant, Stamp, Table

CONCERNS = {REPLAN: ("active", "awaited"), REOPEN: ("finished",)}  # the states of enrolments that it is about


class Rollout(Table):
    """One sequence's. `what`: `replan` those inside, `reopen` those who had finished, `expect` those who will enter by
    themselves, `intake` of those who are here already.

    `cursor` is the last enrolment (replan, reopen) or contact (expect, intake) that was looked at, and `skipped` are
    those before it that somebody else held just then. `wake_at` is journey time.
    """

    __tablename__ = "rollout"

    id: Mapped[Id]
    publication_id: Mapped[int] = mapped_column(ForeignKey("publication.id"))
    sequence: Mapped[str]
    what: Mapped[str]
    cursor: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    per_day: Mapped[int | None]  # intake: `20 a day`
    day_began_at: Mapped[Instant | None]
    entered_today: Mapped[int] = mapped_column(server_default=text("0"))
    wake_at: Mapped[Instant | None]
    skipped: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), server_default=text("'{}'"))
    created_at: Mapped[Stamp]


def pending_work(session: Session) -> dict[str, set[str]]:
    """What is not finished, by sequence."""
    found: dict[str, set[str]] = defaultdict(set)
    for sequence, what in session.execute(select(Rollout.sequence, Rollout.what)):
        found[sequence].add(what)
    return found


def replace_work(session: Session, publication_id: int, changed: Collection[str], work: Iterable[Work]) -> None:
    """The work of a publication, in the place of what was left to do for the sequences that it changes.

    Waits for a batch that is under way. People who entered today count for the new intake as well.
    """
    gone = delete(Rollout).where(Rollout.sequence.in_(changed)).returning(Rollout)
    days = {row.sequence: row for row in session.scalars(gone) if row.what == INTAKE}
    rows = []
    for each in work:
        before = days.get(each.sequence) if each.what == INTAKE else None
        day = {"day_began_at": before.day_began_at, "entered_today": before.entered_today} if before else {}
        empty = {"day_began_at": None, "entered_today": 0}
        new = {"publication_id": publication_id, "sequence": each.sequence, "what": each.what}
        rows.append(new | {"per_day": each.per_day} | empty | day)
    if rows:
        session.execute(insert(Rollout), rows)


def take_rollout(session: Session, publication_id: int, now: datetime, settle: timedelta) -> Rollout | None:
    """The first that is due and that nobody else works on, locked.

    `publication_id` is the caller's: who has not read the newest publication leaves its work to others. `settle` is
    how long after publishing others may still go by the version before.
    """
    due = select(Rollout).where(
        Rollout.publication_id <= publication_id,
        _is_due(now),
        Rollout.created_at <= func.clock_timestamp() - settle,
    )
    return session.scalar(due.order_by(Rollout.id).limit(1).with_for_update(skip_locked=True))


def anything_due(session: Session, now: datetime) -> bool:
    """Whether a publication has anything left to do at `now`."""
    return bool(session.scalar(select(select(Rollout.id).where(_is_due(now)).exists())))


def count_left(session: Session, now: datetime) -> int:
    """How many enrolments and contacts are still to be looked at now."""
    left = 0
    for row in session.scalars(select(Rollout).where(_is_due(now))):
        left += len(row.skipped)
        if row.what in CONCERNS:
            which = (Enrolment.sequence == row.sequence, Enrolment.state.in_(CONCERNS[row.what]))
            query = select(func.count()).select_from(Enrolment).where(*which, Enrolment.id > row.cursor)
        else:
            query = select(func.count()).select_from(Contact).where(Contact.id > row.cursor)
        left += session.scalar(query) or 0
    return left


def _is_due(now: datetime) -> ColumnElement[bool]:
    return or_(Rollout.wake_at.is_(None), Rollout.wake_at <= now)


def newest_of_person() -> ColumnElement[bool]:
    """The condition that a person has not entered an enrolment's sequence again since."""
    later = aliased(Enrolment)
    entered = later.state.not_in(("awaited", "declined"))
    same = (later.contact_id == Enrolment.contact_id) & (later.sequence == Enrolment.sequence)
    return ~select(later.id).where(same, later.id > Enrolment.id, entered).exists()
