"""Give what was promised: a code, words, a call to another program, or a task for a person. Once, whatever repeats."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from secrets import randbits
from zoneinfo import ZoneInfo

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from service.actions.hold_referral import Held, move
from service.actions.refer import tell_rewarded
from service.actions.referral_task import open_give_task
from service.domain.duration import add
from service.domain.referral import BITS, spell
from service.domain.referral_ledger import Await, State
from service.domain.sequence.model.business import Business
from service.domain.sequence.model.duration import Duration
from service.domain.sequence.model.referral import Reward as Promise
from service.domain.sequence.model.referral import RewardKind, Side
from service.ports import Published
from service.store.referral import Referral
from service.store.reward import Reward, find_by_code, take_code
from service.store.webhook_call import WebhookCall

AGAIN = timedelta(hours=1)  # a pool that is empty is looked at again
TYPE = "referral.reward"


def give(session: Session, published: Published, held: Held, reward: Reward, now: datetime) -> Await | None:
    """Give an approved reward to a locked contact, and tell them; what it waits for where it can't be given yet. The
    caller commits.
    """
    business = published.library.business
    promise = business.referral.reward(Side(reward.side)) if business.referral else None
    if promise is None:
        return Await(now + 24 * AGAIN, f"business.yaml promises the {reward.side} nothing any more.")
    code, what = None, promise.worth or promise.name
    match promise.kind:
        case RewardKind.COUPON:
            coupon = next(each for each in business.coupons if each.name == promise.name)
            code, what = _new_code(session, coupon.name), coupon.worth or coupon.name
        case RewardKind.POOL:
            code = take_code(session, promise.name, now)
            if code is None:
                return Await(now + AGAIN, f"There is no code left in “{promise.name}”: bring in more.")
        case RewardKind.WEBHOOK:
            _queue_call(session, published, held.referral, reward, promise, now)
        case RewardKind.TASK:
            who = open_give_task(session, published, held.referral, reward, promise, now)
            return Await(reason=f"Waits for {who} to give it: {promise.name}.")
    reward.kind, reward.what, reward.code = promise.kind, what, code
    granted(session, published, held.referral, reward, f"Given: {what}.", now)
    return None


def granted(
    session: Session, published: Published, referral: Referral, reward: Reward, reason: str, now: datetime
) -> None:
    """The reward is theirs: the ledger says so, and they are told. The caller commits."""
    business = published.library.business
    valid = _valid(business, Side(reward.side))
    reward.granted_at = now
    reward.expires_at = add(now, valid, ZoneInfo(business.zone)) if valid else None
    move(session, reward, State.GRANTED, reason, now)
    tell_rewarded(session, published, referral, reward, now)


def _valid(business: Business, side: Side) -> Duration | None:
    """How long a side's reward can be used: a coupon says it itself."""
    promise = business.referral.reward(side) if business.referral else None
    if promise is None or promise.kind is not RewardKind.COUPON:
        return promise.valid if promise else None
    return next((each.valid for each in business.coupons if each.name == promise.name), None)


def _new_code(session: Session, name: str) -> str:
    while True:
        code = f"{name}-{spell(randbits(BITS))}"
        if find_by_code(session, code) is None:
            return code


def _queue_call(
    session: Session, published: Published, referral: Referral, reward: Reward, promise: Promise, now: datetime
) -> None:
    """Kept until the other program took it; its id is the reward's own, so that a repetition is known there too."""
    data = {
        "business": published.library.business.name,
        "webhook": promise.name,
        "referral": referral.id,
        "reward": reward.id,
        "side": reward.side,
        "worth": promise.worth,
        "contact": {"id": reward.contact_id},
    }
    body = {"type": TYPE, "timestamp": now.astimezone(UTC).isoformat(), "data": data}
    row = {"contact_id": reward.contact_id, "message_id": f"msg_reward_{reward.id}", "name": promise.name, "body": body}
    session.execute(insert(WebhookCall).values(row).on_conflict_do_nothing())
