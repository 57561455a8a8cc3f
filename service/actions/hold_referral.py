"""A referral with its entries in the ledger, locked in the order of the house: contacts, the referral, its rewards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from service.domain.duration import subtract
from service.domain.referral_doubt import Sight, doubts
from service.domain.referral_ledger import MOVES, Case, State
from service.domain.sequence.model.referral import Programme, Side
from service.ports import Published
from service.store.acquaintance import read_refunds, read_sights
from service.store.bulk import among
from service.store.contact import lock_contacts
from service.store.referral import Referral
from service.store.reward import Reward, count_all_paid, count_paid, lock_rewards, note

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Held:
    """A referral, its entries, and what is known for and against it."""

    referral: Referral
    rewards: Sequence[Reward]
    case: Case

    def reward(self, side: Side) -> Reward | None:
        """The entry of a side, where there is one."""
        return next((each for each in self.rewards if each.side == side), None)


def hold_referral(session: Session, published: Published, referral_id: int) -> Held | None:
    """One referral, locked and fresh, once nobody else holds its people; None where there is none."""
    people = session.execute(
        select(Referral.referrer_id, Referral.friend_id).where(Referral.id == referral_id)
    ).one_or_none()
    if people is None or people[0] not in lock_contacts(session, sorted({each for each in people if each})):
        return None
    return next(iter(read_held(session, published, [referral_id])), None)


def read_held(session: Session, published: Published, referral_ids: Sequence[int]) -> list[Held]:
    """Referrals whose people are locked already; they and their rewards are locked here."""
    query = select(Referral).where(among(Referral.id, referral_ids)).order_by(Referral.id).with_for_update()
    referrals = session.scalars(query.execution_options(populate_existing=True)).all()
    rewards = lock_rewards(session, [each.id for each in referrals])
    asked = [each for each in referrals if rewards.get(each.id)]
    sights = read_sights(session, asked)
    refunds = read_refunds(session, [each.friend_id for each in asked if each.friend_id])
    programme = published.library.business.referral or Programme()
    return [
        Held(each, rewards.get(each.id, []), _case(each, sights.get(each.id), refunds, programme)) for each in referrals
    ]


def _case(referral: Referral, sight: Sight | None, refunds: dict[int, datetime], programme: Programme) -> Case:
    refund = refunds.get(referral.friend_id or 0)
    return Case(
        joined_at=referral.joined_at,
        qualified_at=referral.qualified_at,
        refunded=refund is not None and referral.qualified_at is not None and refund >= referral.qualified_at,
        forgotten=referral.friend_id is None,
        doubts=doubts(sight, programme.an_hour) if sight is not None else (),
    )


def counted(session: Session, reward: Reward, case: Case, programme: Programme, now: datetime, zone: ZoneInfo) -> Case:
    """The case with what the caps ask for, where the entry has come so far that they are asked."""
    if reward.state != State.QUALIFIED:
        return case
    side = Side(reward.side)
    if programme.each is not None:
        since = subtract(now, programme.each.within, zone) if programme.each.within else None
        case = replace(case, paid_lately=count_paid(session, reward.contact_id, side, since))
    if programme.in_all is not None:
        case = replace(case, paid_in_all=count_all_paid(session, side))
    return case


def move(session: Session, reward: Reward, state: State, reason: str, now: datetime) -> None:
    """Bring a locked entry to a state, and append it to its history. Raises ValueError where nothing leads there."""
    if state not in MOVES[State(reward.state)]:
        raise ValueError(f"no reward goes from {reward.state} to {state}")
    reward.state, reward.since, reward.reason, reward.asks = state, now, reason, False
    note(session, reward.id, state, reason, now)
    log.info("reward." + state, reward=reward.id, referral=reward.referral_id, side=reward.side)
