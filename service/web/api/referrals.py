"""`/referrals`: who brought whom, who of them was here; and that the one who brought them got their thanks."""

from __future__ import annotations

from typing import Literal

from flask import Response
from pydantic import BaseModel, Field

from service.actions.refer import reward
from service.domain.access import Scope
from service.store.referral import Referral, search_referrals
from service.web.api.idempotency import Answer
from service.web.api.operation import ROW, operation
from service.web.api.paging import LARGEST_ID, PageQuery, cut, never_null, read_id
from service.web.api.refusal import refuse
from service.web.api.schema import In, Instant, Line, Out, shown_as
from service.web.api.unit import Unit, read, write

State = Literal["joined", "qualified", "rewarded"]


class ReferralPath(BaseModel):
    id: int


class ReferralQuery(PageQuery):
    """Which referrals. Several conditions all hold."""

    state: State | None = Field(default=None, json_schema_extra=never_null)
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


class ReferralOut(Out):
    """A friend who came by a contact's link."""

    id: int
    referrer: int = Field(validation_alias="referrer_id", description="Whose link it was.")
    friend: int = Field(validation_alias="friend_id", description="Who came.")
    state: State
    joined_at: Instant
    qualified_at: Instant | None = Field(description="The friend's first visit or purchase.")
    rewarded_at: Instant | None


class ReferralPage(Out):
    """Referrals, the newest first."""

    items: list[ReferralOut]
    next: str | None = Field(description="The cursor of the next page; null at the end.")


@operation("get", "/referrals", scope=Scope.REFERRALS_READ, answers={200: ReferralPage})
def list_referrals(query: ReferralQuery) -> Response:
    """List referrals, the newest first.

    `state=qualified` are those whose friend was here and whose referrer has not been rewarded yet.
    """

    def look(unit: Unit) -> ReferralPage:
        before = read_id(query.cursor)
        found = search_referrals(unit.session, query.limit + 1, before, state=query.state, referrer_id=query.referrer)
        page = cut(found, query.limit, lambda row: [row.id])
        return ReferralPage(items=[_give(row) for row in page.rows], next=page.next)

    return read(look)


@operation(
    "post",
    f"/referrals/{ROW}/reward",
    scope=Scope.REFERRALS_WRITE,
    answers={200: ReferralOut},
    problems={409: "The friend has joined, but was not here yet."},
)
def reward_referral(path: ReferralPath, body: RewardIn) -> Response:
    """Say that the referrer got their reward.

    Raises the event `referral.rewarded` about the referrer. A second time changes nothing and answers the same.
    """

    def settle(unit: Unit) -> Answer:
        referral = reward(unit.session, unit.published, path.id, body.reward, unit.now)
        if referral is None:
            refuse("not-found", "There is no referral with this id.")
        return Answer(200, _give(referral).model_dump(mode="json"))

    return write(settle)


def _give(referral: Referral) -> ReferralOut:
    columns = {column.key: getattr(referral, column.key) for column in Referral.__table__.columns}
    return ReferralOut.model_validate(columns | {"state": _state(referral)})


def _state(referral: Referral) -> State:
    if referral.rewarded_at is not None:
        return "rewarded"
    return "joined" if referral.qualified_at is None else "qualified"
