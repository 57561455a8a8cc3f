"""`/referrals`: who brought whom, what each is to get for it, and a person's word where something is doubtful."""

from __future__ import annotations

from flask import Response

from service.actions.settle_referral import decide_referral, redeem, reward
from service.domain.access import Scope
from service.store.referral import Referral, search_referrals
from service.store.reward import read_records, read_rewards
from service.web.api.idempotency import Answer, IdempotencyHeader
from service.web.api.operation import ROW, operation
from service.web.api.paging import cut, read_id
from service.web.api.referral_schema import (
    CodeIn,
    DecisionIn,
    ReferralOut,
    ReferralPage,
    ReferralPath,
    ReferralQuery,
    RewardIn,
    give,
)
from service.web.api.refusal import refuse
from service.web.api.unit import Unit, read, write

ON = ("approve_referral", "refuse_referral", "reward_referral")
NOBODY = "There is no referral with this id."


@operation("get", "/referrals", scope=Scope.REFERRALS_READ, answers={200: ReferralPage}, leads_to={"items/0/id": ON})
def list_referrals(query: ReferralQuery) -> Response:
    """List referrals, the newest first, with their rewards.

    `state=qualified` are those whose friend was here and whose referrer has not been rewarded yet; `doubtful=true`
    those that wait for a person.
    """

    def look(unit: Unit) -> ReferralPage:
        before = read_id(query.cursor)
        found = search_referrals(
            unit.session,
            query.limit + 1,
            before,
            state=query.state,
            referrer_id=query.referrer,
            reward=query.reward,
            doubtful=query.doubtful,
        )
        page = cut(found, query.limit, lambda row: [row.id])
        return ReferralPage(items=_give_all(unit, page.rows), next=page.next)

    return read(look)


@operation(
    "post",
    f"/referrals/{ROW}/reward",
    scope=Scope.REFERRALS_WRITE,
    answers={200: ReferralOut},
    problems={409: "The friend has joined, but was not here yet; or the reward was refused."},
)
def reward_referral(path: ReferralPath, body: RewardIn) -> Response:
    """Say that the referrer got their reward.

    Raises the event `referral.rewarded` about the referrer. A second time changes nothing and answers the same.
    """

    def settle(unit: Unit) -> Answer:
        return _answer(unit, reward(unit.session, unit.published, path.id, body.reward, unit.now))

    return write(settle)


@operation(
    "post",
    f"/referrals/{ROW}/approve",
    scope=Scope.REFERRALS_WRITE,
    answers={200: ReferralOut},
    problems={409: "It comes too late, or nothing is promised for this referral."},
)
def approve_referral(path: ReferralPath, body: DecisionIn) -> Response:
    """Say that a referral is right: what was doubtful, refused or waiting is given.

    Where the friend was not here yet, the word is kept for when they are. A second time changes nothing.
    """
    return _decide(path, body, yes=True)


@operation(
    "post",
    f"/referrals/{ROW}/refuse",
    scope=Scope.REFERRALS_WRITE,
    answers={200: ReferralOut},
    problems={409: "The rewards are given already, or nothing is promised for this referral."},
)
def refuse_referral(path: ReferralPath, body: DecisionIn) -> Response:
    """Refuse the rewards of a referral. A second time changes nothing; `approve` takes it back."""
    return _decide(path, body, yes=False)


@operation(
    "post",
    "/referrals/redeem",
    scope=Scope.REFERRALS_WRITE,
    answers={200: ReferralOut},
    problems={404: "No reward was given with this code.", 409: "The code was used before, or is over."},
)
def redeem_code(body: CodeIn, header: IdempotencyHeader) -> Response:
    """Say that a reward's code was used, at a till or in a shop; the answer is the referral.

    A code is good once, and the second time answers 409; so send an `Idempotency-Key` with what may be repeated.
    """

    def settle(unit: Unit) -> Answer:
        entry = redeem(unit.session, unit.published, body.code, unit.now)
        if entry is None:
            refuse("not-found", "No reward was given with this code.")
        return _answer(unit, unit.session.get(Referral, entry.referral_id))

    return write(settle, header)


def _decide(path: ReferralPath, body: DecisionIn, *, yes: bool) -> Response:
    def settle(unit: Unit) -> Answer:
        who = body.by or unit.key.name
        return _answer(
            unit, decide_referral(unit.session, unit.published, path.id, who, body.reason, unit.now, yes=yes)
        )

    return write(settle)


def _answer(unit: Unit, referral: Referral | None) -> Answer:
    if referral is None:
        refuse("not-found", NOBODY)
    return Answer(200, _give_all(unit, [referral])[0].model_dump(mode="json"))


def _give_all(unit: Unit, referrals: list[Referral]) -> list[ReferralOut]:
    rewards = read_rewards(unit.session, [each.id for each in referrals])
    records = read_records(unit.session, [entry.id for entries in rewards.values() for entry in entries])
    return [give(each, rewards.get(each.id, []), records) for each in referrals]
