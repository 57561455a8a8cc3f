"""Whatever happens at once, again, or half: one of each."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta

import pytest
from sqlalchemy import Engine, func, select

from service.actions.look_after_referrals import look_after_referrals
from service.actions.settle_referral import Used, decide_referral, redeem
from service.domain.referral_ledger import CannotDecide
from service.domain.sequence.model.referral import Programme, Reward, RewardKind
from service.store.referral import Referral
from service.store.reward import Reward as Row
from service.store.reward import RewardRecord, add_codes, count_codes
from tests.actions.friends import (
    COUPON,
    WELCOME,
    arrive,
    ask,
    bring,
    code_of,
    ledger,
    look,
    press,
    promise,
    rewarding,
    states,
    told,
    visit,
)
from tests.actions.house import House


@pytest.fixture
def house(engine: Engine) -> House:
    return rewarding(engine)


def test_fifty_at_once_leave_one_of_each(house: House) -> None:
    """Visits, looks, approvals and rewards by hand of one referral, all at the same time, again and again."""
    promise(house, Programme(friend=WELCOME, referrer=Reward(RewardKind.POOL, "cards", "10 €"), wait=timedelta()))
    with house.begin() as session:
        add_codes(session, "cards", [f"C{number}" for number in range(9)])
    ana, bea = bring(house)
    with house.begin() as session:
        (referral,) = session.scalars(select(Referral.id)).all()

    def act(number: int) -> None:
        match number % 5:
            case 0 | 1:
                visit(house, bea, *([ana] if number % 2 else []))
            case 2 | 3:
                with house.begin() as session:
                    look_after_referrals(session, house.published, house.now)
            case 4:
                with house.begin() as session, suppress(CannotDecide):
                    decide_referral(session, house.published, referral, "Mia", None, house.now, yes=True)

    with ThreadPoolExecutor(10) as pool:
        list(pool.map(act, range(50)))
    look(house)
    assert states(house) == {"friend": "granted", "referrer": "granted"}
    assert [name for name, _ in told(house, ana)] == ["referral.joined", "referral.qualified", "referral.rewarded"]
    assert [name for name, _ in told(house, bea)] == ["referral.welcomed"]
    with house.begin() as session:
        assert list(count_codes(session)) == [("cards", 9, 8)]
        code = session.scalar(select(Row.code).where(Row.code.is_not(None))) or ""

    def use(_: int) -> int:
        with house.begin() as session:
            try:
                return redeem(session, house.published, code, house.now) is not None
            except Used:
                return 0

    with ThreadPoolExecutor(10) as pool:
        assert sum(pool.map(use, range(50))) == 1
    with house.begin() as session:
        assert session.scalar(select(func.count()).where(RewardRecord.state == "granted")) == 2


def test_many_referrers_share_the_last_rewards_fairly(house: House) -> None:
    promise(house, Programme(referrer=COUPON, wait=timedelta(), in_all=5))
    for number in range(12):
        one = arrive(house, f"r{number}@example.org", network=f"203.0.113.{number}")
        visit(house, arrive(house, f"f{number}@example.net", ref=code_of(house, one), network=f"198.51.100.{number}"))

    def work(_: int) -> None:
        with house.begin() as session:
            look_after_referrals(session, house.published, house.now, limit=2)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(24)))
    look(house)
    assert sorted(state for _, state, _ in ledger(house)) == ["granted"] * 5 + ["refused"] * 7


def test_a_crash_between_leaves_nothing_half_done(house: House) -> None:
    promise(house, Programme(referrer=Reward(RewardKind.POOL, "cards"), wait=timedelta()))
    with house.begin() as session:
        add_codes(session, "cards", ["C1", "C2"])
    _, bea = bring(house)
    visit(house, bea)
    with house.sessions() as session:  # killed before the commit
        assert look_after_referrals(session, house.published, house.now) == 1
        session.rollback()
    look(house)
    with house.begin() as session:
        assert list(count_codes(session)) == [("cards", 2, 1)]
    assert states(house) == {"referrer": "granted"}


def test_fifty_presses_of_one_button_bring_one_friend(house: House) -> None:
    ana = arrive(house, "ana@example.org", network="203.0.113.7")
    request = ask(house, "bea@example.net", code_of(house, ana))

    def act(number: int) -> None:
        if number % 5:
            press(house, request)
        else:
            visit(house, ana)  # holds the referrer, whom the friend's side then doesn't wait for

    with ThreadPoolExecutor(10) as pool:
        list(pool.map(act, range(50)))
    look(house)
    assert [name for name, _ in told(house, ana)] == ["referral.joined"]
    assert states(house) == {"friend": "granted", "referrer": "signed-up"}
