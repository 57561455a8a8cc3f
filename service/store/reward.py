"""The ledger: what each side of a referral is to get, how it stands, and how it came to that."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import CheckConstraint, ColumnElement, ForeignKey, Index, UniqueConstraint, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from service.domain.referral_ledger import PAID, Entry, State
from service.domain.sequence.model.referral import Side
from service.store.bulk import among
from service.store.tables import Id, Instant, Stamp, Table

CAPPED = 0x72657761  # the advisory lock of whoever counts the rewards of all: "rewa"


class Reward(Table):
    """One side's reward of one referral. Times are journey time; `since` and `reason` are of the state it is in."""

    __tablename__ = "reward"
    __table_args__ = (
        CheckConstraint("side IN ('friend', 'referrer')", name="side"),
        CheckConstraint("state IN (" + ", ".join(f"'{state.value}'" for state in State) + ")", name="state"),
        UniqueConstraint("referral_id", "side"),
        Index("ix_reward_contact", "contact_id", "side", "since"),
        Index("ix_reward_asks", "referral_id", postgresql_where=text("asks")),
        Index("ix_reward_code", "code", unique=True, postgresql_where=text("code IS NOT NULL")),
    )

    id: Mapped[Id]
    referral_id: Mapped[int] = mapped_column(ForeignKey("referral.id", ondelete="CASCADE"))
    side: Mapped[str]
    contact_id: Mapped[int] = mapped_column(ForeignKey("contact.id", ondelete="CASCADE"))  # who gets it
    state: Mapped[str]
    since: Mapped[Instant]
    reason: Mapped[str]
    cleared: Mapped[bool] = mapped_column(server_default=text("false"))  # a person found the referral right
    asks: Mapped[bool] = mapped_column(server_default=text("false"))  # it waits for a person
    kind: Mapped[str | None]  # the columns from here on are filled in when it is granted
    what: Mapped[str | None]  # in words
    code: Mapped[str | None]
    expires_at: Mapped[Instant | None]
    granted_at: Mapped[Instant | None]
    redeemed_at: Mapped[Instant | None]
    created_at: Mapped[Stamp]

    @property
    def entry(self) -> Entry:
        """What the rules see of it."""
        return Entry(Side(self.side), State(self.state), self.since, self.cleared, self.expires_at)


class RewardRecord(Table):
    """A state that a reward came to. Only ever appended to; none is granted twice."""

    __tablename__ = "reward_record"
    __table_args__ = (
        Index("ix_reward_record_reward", "reward_id", "id"),
        Index("ix_reward_record_granted", "reward_id", unique=True, postgresql_where=text("state = 'granted'")),
    )

    id: Mapped[Id]
    reward_id: Mapped[int] = mapped_column(ForeignKey("reward.id", ondelete="CASCADE"))
    state: Mapped[str]
    at: Mapped[Instant]
    reason: Mapped[str]
    created_at: Mapped[Stamp]


class CouponCode(Table):
    """A code of another program's, out of a list that was brought in. What was given stays given."""

    __tablename__ = "coupon_code"
    __table_args__ = (
        UniqueConstraint("pool", "code"),
        Index("ix_coupon_code_free", "pool", "id", postgresql_where=text("given_at IS NULL")),
    )

    id: Mapped[Id]
    pool: Mapped[str]
    code: Mapped[str]
    given_at: Mapped[Instant | None]
    created_at: Mapped[Stamp]


def open_entry(
    session: Session, referral_id: int, side: Side, contact_id: int, state: State, reason: str, now: datetime
) -> None:
    """Make a side's entry, where there is none. The caller commits."""
    made = insert(Reward).values(
        referral_id=referral_id, side=side, contact_id=contact_id, state=state, since=now, reason=reason
    )
    reward_id = session.scalar(made.on_conflict_do_nothing().returning(Reward.id))
    if reward_id is not None:
        note(session, reward_id, state, reason, now)


def note(session: Session, reward_id: int, state: str, reason: str, now: datetime) -> None:
    """Append to the history of a reward. The caller commits."""
    session.add(RewardRecord(reward_id=reward_id, state=state, at=now, reason=reason))
    session.flush()


def lock_rewards(session: Session, referral_ids: Collection[int]) -> dict[int, list[Reward]]:
    """The entries of referrals, fresh and locked; the contacts are locked already."""
    found: dict[int, list[Reward]] = defaultdict(list)
    query = select(Reward).where(among(Reward.referral_id, referral_ids)).order_by(Reward.id).with_for_update()
    for reward in session.scalars(query.execution_options(populate_existing=True)):
        found[reward.referral_id].append(reward)
    return found


def read_rewards(session: Session, referral_ids: Collection[int]) -> dict[int, list[Reward]]:
    """The entries of referrals, the friend's first."""
    found: dict[int, list[Reward]] = defaultdict(list)
    query = select(Reward).where(among(Reward.referral_id, referral_ids)).order_by(Reward.side, Reward.id)
    for reward in session.scalars(query):
        found[reward.referral_id].append(reward)
    return found


def read_records(session: Session, reward_ids: Collection[int]) -> dict[int, list[RewardRecord]]:
    """The history of rewards, each from its beginning."""
    found: dict[int, list[RewardRecord]] = defaultdict(list)
    query = select(RewardRecord).where(among(RewardRecord.reward_id, reward_ids)).order_by(RewardRecord.id)
    for record in session.scalars(query):
        found[record.reward_id].append(record)
    return found


def rewards_of(session: Session, contact_id: int, limit: int) -> Sequence[Reward]:
    """What somebody is to get or got, the newest first."""
    query = select(Reward).where(Reward.contact_id == contact_id).order_by(Reward.since.desc(), Reward.id.desc())
    return session.scalars(query.limit(limit)).all()


def find_by_code(session: Session, code: str) -> Reward | None:
    """The reward that was given with this code."""
    return session.scalar(select(Reward).where(Reward.code == code))


def count_paid(session: Session, contact_id: int, side: Side, since: datetime | None) -> int:
    """How many rewards of this side somebody has had, or is about to get, since an instant (None: ever)."""
    query = select(func.count(Reward.id)).where(Reward.contact_id == contact_id, Reward.side == side, _paid())
    return session.scalar(query if since is None else query.where(Reward.since >= since)) or 0


def count_all_paid(session: Session, side: Side) -> int:
    """How many rewards of this side there are. Others wait until the caller commits, so that the count holds."""
    session.execute(select(func.pg_advisory_xact_lock(CAPPED)))
    return session.scalar(select(func.count()).select_from(Reward).where(Reward.side == side, _paid())) or 0


def _paid() -> ColumnElement[bool]:
    # What was granted and ran out unused was given all the same.
    return Reward.state.in_(PAID) | ((Reward.state == State.EXPIRED) & Reward.granted_at.is_not(None))


def take_code(session: Session, pool: str, now: datetime) -> str | None:
    """A code that nobody has yet, past those that others are just taking; None where none is left."""
    free = (
        select(CouponCode.id)
        .where(CouponCode.pool == pool, CouponCode.given_at.is_(None))
        .order_by(CouponCode.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    taken = update(CouponCode).where(CouponCode.id.in_(free.scalar_subquery())).values(given_at=now)
    return session.scalar(taken.returning(CouponCode.code))


def add_codes(session: Session, pool: str, codes: Sequence[str]) -> int:
    """Put codes into a pool; how many were new. The caller commits."""
    if not codes:
        return 0
    made = insert(CouponCode).values([{"pool": pool, "code": code} for code in codes])
    return len(session.scalars(made.on_conflict_do_nothing().returning(CouponCode.id)).all())


def count_codes(session: Session) -> Sequence[tuple[str, int, int]]:
    """(pool, codes in all, codes left) of each pool."""
    query = select(CouponCode.pool, func.count(), func.count() - func.count(CouponCode.given_at))
    return [
        (pool, in_all, left) for pool, in_all, left in session.execute(query.group_by(CouponCode.pool).order_by("pool"))
    ]
