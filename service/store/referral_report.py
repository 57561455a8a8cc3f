"""What referrals are worth: how many stand where, and the clients who came by a friend beside all others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from service.store.referral import Referral
from service.store.reward import Reward

# Visits and purchases of a time, by who came through a friend. What is told without a value counts as a visit.
WORTH = text(
    """
    WITH deal AS (
        SELECT contact_id, currency, count(*) AS times, sum(value) AS worth FROM event
        WHERE name IN ('visit.completed', 'purchase') AND NOT replaced AND at >= :since AND at < :until
        GROUP BY contact_id, currency
    )
    SELECT referral.id IS NOT NULL AS referred, deal.currency, count(DISTINCT deal.contact_id),
           sum(deal.times), coalesce(sum(deal.worth), 0)
    FROM deal LEFT JOIN referral ON referral.friend_id = deal.contact_id AND referral.joined_at IS NOT NULL
    GROUP BY 1, 2 ORDER BY 1 DESC, 2 NULLS LAST
    """
)
REFERRERS = text(
    """
    SELECT referral.referrer_id, count(referral.joined_at) AS joined, count(referral.qualified_at) AS qualified,
           count(referral.rewarded_at) AS rewarded
    FROM referral WHERE referral.joined_at >= :since AND referral.joined_at < :until
    GROUP BY referral.referrer_id ORDER BY qualified DESC, joined DESC, referral.referrer_id LIMIT :limit
    """
)
VALUES = text(
    """
    SELECT referral.referrer_id, event.currency, sum(event.value)
    FROM referral JOIN event ON event.contact_id = referral.friend_id
    WHERE referral.referrer_id = ANY(CAST(:ids AS bigint[])) AND event.value IS NOT NULL AND NOT event.replaced
      AND event.name IN ('visit.completed', 'purchase') AND event.at >= :since AND event.at < :until
    GROUP BY 1, 2 ORDER BY 1, 2
    """
)


@dataclass(frozen=True, slots=True)
class Worth:
    """What one group of clients brought: `visits` counts visits and purchases, `value` sums those that had one."""

    referred: bool
    currency: str | None
    clients: int
    visits: int
    value: Decimal


@dataclass(frozen=True, slots=True)
class Bringer:
    """A referrer, and what became of whom they brought. `value` is by currency."""

    contact_id: int
    joined: int
    qualified: int
    rewarded: int
    value: dict[str, Decimal]


def count_referrals(session: Session, since: datetime, until: datetime) -> dict[str, int]:
    """How many friends were invited, joined, qualified and rewarded in a time, each by its own date."""
    columns = (Referral.invited_at, Referral.joined_at, Referral.qualified_at, Referral.rewarded_at)
    counts = [func.count().filter(column >= since, column < until).label(column.key) for column in columns]
    row = session.execute(select(*counts)).one()
    return {column.key.removesuffix("_at"): number for column, number in zip(columns, row, strict=True)}


def count_rewards(session: Session) -> Sequence[tuple[str, str, int]]:
    """(side, state, how many) of the whole ledger as it stands now."""
    query = select(Reward.side, Reward.state, func.count()).group_by(Reward.side, Reward.state)
    return [(side, state, number) for side, state, number in session.execute(query.order_by(Reward.side, Reward.state))]


def count_doubtful(session: Session) -> int:
    """How many referrals wait for a person."""
    return session.scalar(select(func.count(func.distinct(Reward.referral_id))).where(Reward.asks)) or 0


def compare_worth(session: Session, since: datetime, until: datetime) -> list[Worth]:
    """What clients brought who came by a friend, and what all others did; a row for each group and currency."""
    return [Worth(*row) for row in session.execute(WORTH, {"since": since, "until": until})]


def best_referrers(session: Session, since: datetime, until: datetime, limit: int) -> list[Bringer]:
    """Who brought most of those who joined in a time, with what these spent in it."""
    span = {"since": since, "until": until}
    rows = session.execute(REFERRERS, span | {"limit": limit}).all()
    values: dict[int, dict[str, Decimal]] = {}
    for contact_id, currency, value in session.execute(VALUES, span | {"ids": [row[0] for row in rows]}):
        values.setdefault(contact_id, {})[currency or ""] = value
    return [
        Bringer(contact_id, joined, qualified, rewarded, values.get(contact_id, {}))
        for contact_id, joined, qualified, rewarded in rows
    ]
