"""What a publication still has to do to the people who are here: in batches, after its commit, by any worker."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from sqlalchemy import BigInteger, ColumnElement, ForeignKey, delete, func, or_, select, text, true
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.orm import InstrumentedAttribute, Mapped, Session, aliased, mapped_column

from service.domain.rollout import INTAKE, REOPEN, REPLAN, Work
from service.store.contact import Contact
from service.store.enrolment import Enrolment
from service.store.tables import Id, Instant, Stamp, Table

MANY, PARTS = 10_000, 4  # people; rows
CONCERNS = {REPLAN: ("active", "awaited"), REOPEN: ("finished",)}  # the states of enrolments that it is about


class Rollout(Table):
    """One sequence's. `what`: `replan` those inside, `reopen` those who had finished, `expect` those who will enter by
    themselves, `intake` of those who are here already.

    `cursor` is the last enrolment (replan, reopen) or contact (expect, intake) that was looked at, and `skipped` are
    those before it that somebody else held just then. Much work is parted among several rows, so that several workers
    do it: `ends` is the last id of this one's, None of the last one's. `wake_at` is journey time.
    """

    __tablename__ = "rollout"

    id: Mapped[Id]
    publication_id: Mapped[int] = mapped_column(ForeignKey("publication.id"))
    sequence: Mapped[str]
    what: Mapped[str]
    cursor: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    ends: Mapped[int | None]
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


def replace_work(
    session: Session, publication_id: int, changed: Collection[str], work: Iterable[Work], many: int = MANY
) -> None:
    """The work of a publication, in the place of what was left to do for the sequences that it changes.

    Waits for a batch that is under way. People who entered today count for the new intake as well. Work about `many`
    people is parted.
    """
    gone = delete(Rollout).where(Rollout.sequence.in_(changed)).returning(Rollout)
    days = {row.sequence: row for row in session.scalars(gone) if row.what == INTAKE}
    rows = []
    for each in work:
        before = days.get(each.sequence) if each.what == INTAKE else None
        day = {"day_began_at": before.day_began_at, "entered_today": before.entered_today} if before else {}
        empty = {"day_began_at": None, "entered_today": 0}
        new = {"publication_id": publication_id, "sequence": each.sequence, "what": each.what}
        for part in _parts(session, each, many):
            rows.append(new | {"per_day": each.per_day} | part | empty | day)
    if rows:
        session.execute(insert(Rollout), rows)


def _parts(session: Session, work: Work, many: int) -> list[dict[str, int | None]]:
    """The ranges of ids among which work is parted, about evenly."""
    number, which = _concern(work.what, work.sequence)
    first, last, count = session.execute(select(func.min(number), func.max(number), func.count()).where(which)).one()
    if work.what == INTAKE or count < many:
        return [{"cursor": 0, "ends": None}]
    ends = [first + (last - first) * part // PARTS for part in range(1, PARTS)]
    return [{"cursor": after, "ends": upto} for after, upto in zip([0, *ends], [*ends, None], strict=True)]


def _concern(what: str, sequence: str) -> tuple[InstrumentedAttribute[int], ColumnElement[bool]]:
    """What the cursor counts, and the condition for those that it is about."""
    if what in CONCERNS:
        return Enrolment.id, (Enrolment.sequence == sequence) & Enrolment.state.in_(CONCERNS[what])
    return Contact.id, true()


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
        number, which = _concern(row.what, row.sequence)
        ahead = select(func.count(number)).where(which, number > row.cursor)
        ahead = ahead if row.ends is None else ahead.where(number <= row.ends)
        left += len(row.skipped) + (session.scalar(ahead) or 0)
    return left


def _is_due(now: datetime) -> ColumnElement[bool]:
    return or_(Rollout.wake_at.is_(None), Rollout.wake_at <= now)


def newest_of_person() -> ColumnElement[bool]:
    """The condition that a person has not entered an enrolment's sequence again since."""
    later = aliased(Enrolment)
    entered = later.state.not_in(("awaited", "declined"))
    same = (later.contact_id == Enrolment.contact_id) & (later.sequence == Enrolment.sequence)
    return ~select(later.id).where(same, later.id > Enrolment.id, entered).exists()
