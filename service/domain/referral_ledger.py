"""The ledger of rewards: one entry for each side of a referral, what may become of it, and what does become of it now.

    invited → signed up → qualified → approved → granted → redeemed
                   └────────┴───────────┴─► refused ─► (by a person alone) approved, or signed up again

An invitation and what was granted may expire. Nothing leads back to `granted`, so an entry pays once at most; and
nobody but a person takes a refused one up again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from service.domain.duration import add
from service.domain.referral_doubt import Doubt
from service.domain.sequence.model.referral import Cap, Programme, Side


class State(StrEnum):
    """Where an entry stands."""

    INVITED = "invited"  # came by the link and filled in a form; the address is not confirmed yet
    SIGNED_UP = "signed-up"
    QUALIFIED = "qualified"  # was here; the waiting days run, or a person has to look
    APPROVED = "approved"
    REFUSED = "refused"
    GRANTED = "granted"
    REDEEMED = "redeemed"
    EXPIRED = "expired"


MOVES: Mapping[State, frozenset[State]] = {
    State.INVITED: frozenset({State.SIGNED_UP, State.REFUSED, State.EXPIRED}),
    State.SIGNED_UP: frozenset({State.QUALIFIED, State.REFUSED, State.EXPIRED}),
    State.QUALIFIED: frozenset({State.APPROVED, State.REFUSED}),
    State.APPROVED: frozenset({State.GRANTED, State.REFUSED}),
    State.REFUSED: frozenset({State.APPROVED, State.SIGNED_UP}),  # by a person alone
    State.GRANTED: frozenset({State.REDEEMED, State.EXPIRED}),
    State.REDEEMED: frozenset(),
    State.EXPIRED: frozenset(),
}
PAID = frozenset({State.APPROVED, State.GRANTED, State.REDEEMED})  # what counts towards the caps


class CannotDecide(Exception):  # noqa: N818 (what the answer says)
    """A person's word comes too late; the message is a sentence."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One side's reward. `cleared`: a person looked at the referral and found it right."""

    side: Side
    state: State
    since: datetime  # UTC
    cleared: bool = False
    ends_at: datetime | None = None  # when what was granted is worth nothing any more


@dataclass(frozen=True, slots=True)
class Case:
    """What is known of the referral. `paid_lately` and `paid_in_all` count other rewards, as the caps do."""

    joined_at: datetime | None = None
    qualified_at: datetime | None = None
    refunded: bool = False
    forgotten: bool = False  # the friend asked to be forgotten, so nobody can look any more
    doubts: tuple[Doubt, ...] = ()
    paid_lately: int = 0  # of the person's, within the time of `each`
    paid_in_all: int = 0  # of this side's


@dataclass(frozen=True, slots=True)
class Become:
    """The entry comes to a state, with the reason in a sentence."""

    state: State
    reason: str


@dataclass(frozen=True, slots=True)
class Await:
    """The entry stays; `until` is when it is looked at again, None where only something that happens changes it."""

    until: datetime | None = None
    reason: str | None = None
    asks: bool = False  # a person has to look


def next_step(entry: Entry, case: Case, programme: Programme, now: datetime, zone: ZoneInfo) -> Become | Await:
    """What becomes of an entry now. `zone` is the business's: calendar days of the programme are its own."""
    match entry.state:
        case State.INVITED:
            return _invited(entry, case, programme, now, zone)
        case State.SIGNED_UP:
            return _signed_up(entry, case, programme, now, zone)
        case State.QUALIFIED:
            return _qualified(entry, case, programme, now)
        case State.APPROVED:
            return Become(State.GRANTED, "Granted.")
        case State.GRANTED if entry.ends_at is not None:
            return Become(State.EXPIRED, "It was not used in time.") if now >= entry.ends_at else Await(entry.ends_at)
        case _:
            return Await()


def decide(entry: Entry, case: Case, programme: Programme, who: str, why: str | None, *, yes: bool) -> Become | None:
    """What a person's word changes; None where the state stays (`cleared` is to be kept all the same).

    Raises CannotDecide.
    """
    because = f": {why.rstrip('.')}." if why else "."
    if yes:
        return _approve(entry, case, programme, f"Approved by {who}{because}")
    match entry.state:
        case State.REFUSED:
            return None
        case State.GRANTED | State.REDEEMED:
            raise CannotDecide("The reward is given already; it can't be refused any more.")
        case State.EXPIRED:
            raise CannotDecide("The invitation has expired, so there is nothing to refuse.")
        case _:
            return Become(State.REFUSED, f"Refused by {who}{because}")


def _approve(entry: Entry, case: Case, programme: Programme, reason: str) -> Become | None:
    match entry.state:
        case State.QUALIFIED:
            return Become(State.APPROVED, reason)
        case State.REFUSED:
            earned = _is_earned(entry, case, programme)
            return Become(State.APPROVED if earned else State.SIGNED_UP, reason)
        case State.EXPIRED:
            raise CannotDecide("It has expired; it can't be approved any more.")
        case _:
            return None


def _is_earned(entry: Entry, case: Case, programme: Programme) -> bool:
    reward = programme.reward(entry.side)
    at_once = reward is not None and reward.at_signup and case.joined_at is not None
    return at_once or case.qualified_at is not None


def _invited(entry: Entry, case: Case, programme: Programme, now: datetime, zone: ZoneInfo) -> Become | Await:
    if case.joined_at is not None:
        return Become(State.SIGNED_UP, "The friend has signed up.")
    return _or_expire(add(entry.since, programme.lasts, zone), now, "The friend has not confirmed the address.")


def _signed_up(entry: Entry, case: Case, programme: Programme, now: datetime, zone: ZoneInfo) -> Become | Await:
    sure = next((doubt for doubt in case.doubts if doubt.is_sure), None)
    if sure is not None and not entry.cleared:
        return Become(State.REFUSED, sure.sentence)
    if _is_earned(entry, case, programme):
        here = case.qualified_at is not None
        return Become(State.QUALIFIED, "The friend was here." if here else "The friend has signed up, which is enough.")
    if case.forgotten:
        return Become(State.EXPIRED, "The friend asked to be forgotten before they came.")
    ends = add(case.joined_at or entry.since, programme.lasts, zone)
    return _or_expire(ends, now, "The friend has not come in time.")


def _or_expire(ends: datetime, now: datetime, reason: str) -> Become | Await:
    return Become(State.EXPIRED, reason) if now >= ends else Await(ends)


def _qualified(entry: Entry, case: Case, programme: Programme, now: datetime) -> Become | Await:
    if case.refunded:
        return Become(State.REFUSED, "The friend's purchase was refunded.")
    if not entry.cleared:
        sure = next((doubt for doubt in case.doubts if doubt.is_sure), None)
        if sure is not None:
            return Become(State.REFUSED, sure.sentence)
        if case.forgotten:
            return Await(reason="The friend asked to be forgotten meanwhile; a person decides.", asks=True)
        if case.doubts:
            return Await(reason=" ".join(doubt.sentence for doubt in case.doubts), asks=True)
    reward = programme.reward(entry.side)
    ends = entry.since if reward is not None and reward.at_signup else entry.since + programme.wait
    if now < ends:
        return Await(ends, f"Given after {programme.wait.days} days, unless something speaks against it.")
    return _capped(case, programme) or Become(State.APPROVED, "Nothing speaks against it.")


def _capped(case: Case, programme: Programme) -> Become | None:
    if programme.each is not None and case.paid_lately >= programme.each.count:
        return Become(State.REFUSED, f"They have had {_said(programme.each)}, which is the most for one person.")
    if programme.in_all is not None and case.paid_in_all >= programme.in_all:
        return Become(State.REFUSED, f"All {programme.in_all} rewards of the programme are given.")
    return None


def _said(cap: Cap) -> str:
    many = f"{cap.count} reward{'s' if cap.count > 1 else ''}"
    return f"{many} in {cap.within}" if cap.within else many
