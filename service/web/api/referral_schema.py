"""What programs send and get about referrals and their rewards."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from service.store.referral import Referral
from service.store.reward import Reward, RewardRecord
from service.web.api.paging import LARGEST_ID, PageQuery, never_null
from service.web.api.schema import In, Instant, Line, Name, Out, shown_as

State = Literal["invited", "joined", "qualified", "rewarded"]
RewardState = Literal["invited", "signed-up", "qualified", "approved", "refused", "granted", "redeemed", "expired"]


class ReferralPath(BaseModel):
    id: int


class ReferralQuery(PageQuery):
    """Which referrals. Several conditions all hold."""

    state: State | None = Field(default=None, json_schema_extra=never_null)
    reward: RewardState | None = Field(
        default=None, description="Where the reward of either side stands.", json_schema_extra=never_null
    )
    doubtful: bool = Field(default=False, description="Only those that wait for a person, each with its reason.")
    referrer: int | None = Field(
        default=None,
        ge=1,
        le=LARGEST_ID,
        description="Whose link it was, a contact's id.",
        json_schema_extra=never_null,
    )


class RewardIn(In):
    """That the referrer was rewarded."""

    model_config = shown_as({"reward": "15 € off the next cut"})

    reward: Line = Field(default=None, description="What it was, in words; letters print it by `referral.reward`.")


class DecisionIn(In):
    """What somebody found who looked at a referral."""

    model_config = shown_as({"by": "Mia", "reason": "They are sisters, and both come."})

    by: Line = Field(default=None, description="Who looked; the key's own name without it.")
    reason: Line = Field(default=None, description="Why; it stands in the ledger.")


class CodeIn(In):
    """A code that somebody shows at a till, or types in a shop."""

    model_config = shown_as({"code": "REFERRER-15-7K3M9QX0"})

    code: Name


class RewardStepOut(Out):
    """A state that a reward came to."""

    state: RewardState
    at: Instant
    reason: str


class RewardOut(Out):
    """What one side gets, and how it stands."""

    side: Literal["friend", "referrer"]
    contact: int = Field(validation_alias="contact_id", description="Who gets it.")
    state: RewardState
    since: Instant
    reason: str = Field(description="Why it is in this state, in a sentence.")
    doubtful: bool = Field(validation_alias="asks", description="It waits for a person: approve or refuse it.")
    kind: Literal["coupon", "pool", "text", "webhook", "task"] | None
    what: str | None = Field(description="What it is, in words.")
    code: str | None
    expires_at: Instant | None
    granted_at: Instant | None
    redeemed_at: Instant | None
    history: list[RewardStepOut]


class ReferralOut(Out):
    """A friend who came by a contact's link."""

    id: int
    referrer: int = Field(validation_alias="referrer_id", description="Whose link it was.")
    friend: int | None = Field(validation_alias="friend_id", description="Who came; null when they are forgotten.")
    state: State
    invited_at: Instant | None = Field(description="Where the form asks to confirm the address: when it was filled in.")
    joined_at: Instant | None
    qualified_at: Instant | None = Field(description="The friend's first visit or purchase that counts.")
    rewarded_at: Instant | None = Field(description="When the referrer got their thanks.")
    rewards: list[RewardOut] = Field(description="The ledger: an entry for each side that is promised something.")


class ReferralPage(Out):
    """Referrals, the newest first."""

    items: list[ReferralOut]
    next: str | None = Field(description="The cursor of the next page; null at the end.")


def give(referral: Referral, rewards: list[Reward], records: dict[int, list[RewardRecord]]) -> ReferralOut:
    """A referral as the API shows it."""
    columns = {column.key: getattr(referral, column.key) for column in Referral.__table__.columns}
    entries = [_give_reward(each, records.get(each.id, [])) for each in rewards]
    return ReferralOut.model_validate(columns | {"state": _state(referral), "rewards": entries})


def _give_reward(reward: Reward, records: list[RewardRecord]) -> RewardOut:
    columns = {column.key: getattr(reward, column.key) for column in Reward.__table__.columns}
    return RewardOut.model_validate(columns | {"history": [RewardStepOut.model_validate(each) for each in records]})


def _state(referral: Referral) -> State:
    if referral.rewarded_at is not None:
        return "rewarded"
    if referral.joined_at is None:
        return "invited"
    return "joined" if referral.qualified_at is None else "qualified"
