"""Look after the ledger of rewards: what is due goes a step on, is granted, or asks a person; a batch at a time."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.actions.give_reward import give
from service.actions.hold_referral import Held, counted, move, read_held
from service.actions.refer import tell_joined, was_told
from service.actions.referral_task import open_look_task
from service.domain.referral_ledger import Await, State, next_step
from service.domain.sequence.model.referral import Programme
from service.ports import Published
from service.store.contact import lock_contacts
from service.store.referral import Referral
from service.store.reward import Reward


def look_after_referrals(session: Session, published: Published, now: datetime, limit: int = 25) -> int:
    """Look at one batch of referrals whose time has come; how many there were. The caller commits.

    Those whose people another worker holds are left to it.
    """
    due = select(Referral.id, Referral.referrer_id, Referral.friend_id).where(Referral.wake_at <= now)
    found = session.execute(due.order_by(Referral.wake_at, Referral.id).limit(limit)).all()
    if not found:
        return 0
    people = {who for _, *both in found for who in both if who is not None}
    locked = set(lock_contacts(session, sorted(people), wait=False))
    mine = [id_ for id_, referrer, friend in found if referrer in locked and (friend is None or friend in locked)]
    held = [each for each in read_held(session, published, mine) if _is_due(each.referral, now)] if mine else []
    told = was_told(session, [each.referral.id for each in held])
    for each in held:
        if each.referral.joined_at is not None and each.referral.id not in told:
            tell_joined(session, published, each.referral, now)
        _look(session, published, each, now)
    return len(held)


def _is_due(referral: Referral, now: datetime) -> bool:
    return referral.wake_at is not None and referral.wake_at <= now


def _look(session: Session, published: Published, held: Held, now: datetime) -> None:
    programme = published.library.business.referral
    waits = [_take_on(session, published, held, each, programme, now) for each in held.rewards] if programme else []
    held.referral.wake_at = min((each for each in waits if each is not None), default=None)
    session.flush()


def _take_on(
    session: Session, published: Published, held: Held, reward: Reward, programme: Programme, now: datetime
) -> datetime | None:
    """Take one entry as far as it goes now; when it is looked at again."""
    zone = ZoneInfo(published.library.business.zone)
    while True:
        case = counted(session, reward, held.case, programme, now, zone)
        step = next_step(reward.entry, case, programme, now, zone)
        if not isinstance(step, Await) and step.state is State.GRANTED:
            step = give(session, published, held, reward, now) or Await(reward.expires_at)
        if isinstance(step, Await):
            reward.reason = step.reason or reward.reason
            reward.asks = step.asks
            if step.asks:
                open_look_task(session, published, held.referral, reward.reason, now)
            return step.until
        move(session, reward, step.state, step.reason, now)
