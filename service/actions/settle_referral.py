"""A person's word about a referral: right, or no reward; given by hand; used. Each once, whatever repeats."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from service.actions.give_reward import granted
from service.actions.held_task import Held as HeldTask
from service.actions.hold_referral import Held, hold_referral, move
from service.actions.refer import tell_rewarded_by_hand
from service.actions.referral_task import GIVE, close_look_task
from service.domain.referral_ledger import CannotDecide, State, decide
from service.domain.sequence.model.referral import Programme, RewardKind, Side
from service.domain.task import REFUSE
from service.ports import Published
from service.store.referral import Referral
from service.store.reward import Reward, find_by_code, note


class NotQualified(Exception):  # noqa: N818 (what the answer says)
    """The friend has not been here yet, so there is nothing to reward; the message is a sentence."""


class Used(Exception):  # noqa: N818 (what the answer says)
    """The code was used before, or is worth nothing any more; the message is a sentence."""


def decide_referral(
    session: Session,
    published: Published,
    referral_id: int,
    who: str,
    why: str | None,
    now: datetime,
    *,
    yes: bool,
) -> Referral | None:
    """`who` finds a referral right, or refuses its rewards; None where there is no such referral. The caller commits.

    A word that was said before changes nothing. Raises CannotDecide where it comes too late for every reward.
    """
    held = hold_referral(session, published, referral_id)
    if held is None:
        return None
    if not held.rewards:
        raise CannotDecide("Nothing is promised for this referral, so there is nothing to decide.")
    programme = published.library.business.referral or Programme()
    late = [_decide_one(session, held, each, programme, who, why, now, yes=yes) for each in held.rewards]
    if all(late):
        raise CannotDecide(next(each for each in late if each))
    held.referral.wake_at = now
    close_look_task(session, held.referral, f"{who} decided it.", now)
    session.flush()
    return held.referral


def _decide_one(
    session: Session,
    held: Held,
    entry: Reward,
    programme: Programme,
    who: str,
    why: str | None,
    now: datetime,
    *,
    yes: bool,
) -> str | None:
    """Why it is too late for this entry; None where it is not."""
    try:
        become = decide(entry.entry, held.case, programme, who, why, yes=yes)
    except CannotDecide as late:
        return str(late)
    if become is not None:
        move(session, entry, become.state, become.reason, now)
    elif yes and not entry.cleared and entry.state in {State.INVITED, State.SIGNED_UP}:
        note(session, entry.id, entry.state, f"Found right by {who} beforehand.", now)
    entry.cleared, entry.asks = yes, False
    return None


def reward(
    session: Session, published: Published, referral_id: int, what: str | None, now: datetime
) -> Referral | None:
    """Note that the referrer got their thanks, in words `what` it was; None where there is no such referral.

    A second time changes nothing. Raises NotQualified. The caller commits.
    """
    held = hold_referral(session, published, referral_id)
    if held is None:
        return None
    referral, entry = held.referral, held.reward(Side.REFERRER)
    if referral.rewarded_at is not None:
        return referral
    if referral.qualified_at is None:
        raise NotQualified("The friend has joined, but has not been here yet: reward it after their first visit.")
    if entry is None:
        tell_rewarded_by_hand(session, published, referral, what, now)
        return referral
    if entry.state == State.QUALIFIED:
        move(session, entry, State.APPROVED, "Approved: it was given by hand.", now)
    if entry.state != State.APPROVED:
        raise NotQualified(f"This reward is {entry.state}: {entry.reason} Approve it first.")
    entry.kind, entry.what = RewardKind.TEXT, what
    granted(session, published, referral, entry, "Given by hand.", now)
    close_look_task(session, referral, "The reward was given by hand.", now)
    return referral


def redeem(session: Session, published: Published, code: str, now: datetime) -> Reward | None:
    """A code is used at a till or in a shop; None where no reward was given with it. The caller commits.

    Raises Used where it was used before, or has run out.
    """
    found = find_by_code(session, code.strip())
    held = hold_referral(session, published, found.referral_id) if found is not None else None
    entry = next((each for each in held.rewards if found and each.id == found.id), None) if held else None
    if entry is None:
        return None
    if entry.redeemed_at is not None:
        raise Used(f"This code was used on {entry.redeemed_at:%-d %B %Y}.")
    if entry.state != State.GRANTED or (entry.expires_at is not None and now >= entry.expires_at):
        raise Used(f"This code is worth nothing any more: {entry.reason}")
    entry.redeemed_at = now
    move(session, entry, State.REDEEMED, "It was used.", now)
    return entry


def settle_referral(
    session: Session,
    published: Published,
    held: HeldTask,
    who: str,
    outcome: str | None,
    note_: str | None,
    now: datetime,
) -> None:
    """A task about a referral was done or skipped: the ledger follows. Both people are locked; the caller commits."""
    referral_id = int(held.enrolment.data["referral"])
    if held.touch is not None and held.touch.step == GIVE:
        _given(session, published, referral_id, int(held.enrolment.data["reward"]), who, outcome, now)
        return
    if held.task.state == "skipped":
        return  # nobody has looked: it goes on waiting
    try:
        decide_referral(session, published, referral_id, who, note_ or None, now, yes=outcome != REFUSE)
    except CannotDecide:
        return  # somebody else was faster


def _given(
    session: Session,
    published: Published,
    referral_id: int,
    reward_id: int,
    who: str,
    outcome: str | None,
    now: datetime,
) -> None:
    held = hold_referral(session, published, referral_id)
    entry = next((each for each in held.rewards if each.id == reward_id), None) if held else None
    if held is None or entry is None or entry.state != State.APPROVED:
        return
    if outcome == REFUSE:
        move(session, entry, State.REFUSED, f"{who} did not give it.", now)
        return
    business = published.library.business
    promise = business.referral.reward(Side(entry.side)) if business.referral else None
    entry.kind, entry.what = RewardKind.TASK, (promise.worth or promise.name) if promise else None
    granted(session, published, held.referral, entry, f"Given by {who}.", now)
