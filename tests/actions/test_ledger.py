"""The ledger of rewards over a real database: what a friend and whoever brought them get."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Engine, select

from service.actions.erase import erase
from service.actions.merge import merge
from service.actions.settle_referral import Used, redeem
from service.actions.settle_task import settle_task, skip_task
from service.domain.sequence.model.duration import Duration, Unit
from service.domain.sequence.model.referral import Cap, Programme, Qualifying, Reward, RewardKind
from service.store.referral import Referral
from service.store.reward import Reward as Row
from service.store.reward import RewardRecord, add_codes, count_codes
from service.store.webhook_call import WebhookCall
from tests.actions.friends import (
    COUPON,
    DAY,
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
    tasks,
    told,
    visit,
)
from tests.actions.house import House


@pytest.fixture
def house(engine: Engine) -> House:
    return rewarding(engine)


def test_the_whole_way_of_two_rewards(house: House) -> None:
    ana, bea = bring(house)
    look(house)
    assert states(house) == {"friend": "granted", "referrer": "signed-up"}
    assert told(house, bea) == [("referral.welcomed", {"from": "Ana", "reward": "15 € off the first visit"})]
    visit(house, bea)
    look(house)
    assert ledger(house)[1] == ("referrer", "qualified", "Given after 14 days, unless something speaks against it.")
    look(house, 13 * DAY)
    assert states(house)["referrer"] == "qualified"
    look(house, DAY)
    assert states(house)["referrer"] == "granted"
    (_, _, (name, data)) = told(house, ana)
    assert (name, data["friend"], data["reward"]) == ("referral.rewarded", "Bea", "15 €")
    assert str(data["code"]).startswith("REFERRER-15-")
    assert data["expires"] == "2027-12-04"
    with house.begin() as session:
        (referral,) = session.scalars(select(Referral)).all()
        assert referral.rewarded_at == house.now
        records = session.scalars(select(RewardRecord.state).join(Row).where(Row.side == "referrer").order_by("id"))
        assert records.all() == ["signed-up", "qualified", "approved", "granted"]


def test_a_code_is_used_once_and_not_after_its_time(house: House) -> None:
    _, bea = bring(house)
    visit(house, bea)
    look(house)
    look(house, 14 * DAY)
    with house.begin() as session:
        code = session.scalar(select(Row.code).where(Row.code.is_not(None))) or ""
        assert redeem(session, house.published, "REFERRER-15-00000000", house.now) is None
        used = redeem(session, house.published, f" {code} ", house.now)
        assert used is not None
        assert used.state == "redeemed"
    with house.begin() as session, pytest.raises(Used, match="was used on"):
        redeem(session, house.published, code, house.now)
    look(house, 400 * DAY)
    assert states(house)["referrer"] == "redeemed"


def test_what_is_not_used_in_time_expires(house: House) -> None:
    _, bea = bring(house)
    visit(house, bea)
    look(house)
    look(house, 14 * DAY)
    look(house, 366 * DAY)
    assert states(house) == {"friend": "granted", "referrer": "expired"}


def test_without_a_programme_there_is_no_ledger(house: House) -> None:
    promise(house, None)
    ana, bea = bring(house)
    visit(house, bea)
    look(house, 30 * DAY)
    assert ledger(house) == []
    assert [name for name, _ in told(house, ana)] == ["referral.joined", "referral.qualified"]


def test_an_invitation_has_an_end(house: House) -> None:
    _, bea = bring(house)
    look(house, 370 * DAY)
    assert states(house) == {"friend": "granted", "referrer": "expired"}
    visit(house, bea)
    look(house, 30 * DAY)
    assert states(house)["referrer"] == "expired"


@pytest.mark.parametrize(("value", "state"), [("50.00", "signed-up"), ("50.01", "qualified"), (None, "signed-up")])
def test_a_purchase_has_to_be_large_enough(house: House, value: str | None, state: str) -> None:
    promise(house, Programme(referrer=COUPON, qualifies=(Qualifying("purchase", Decimal(50), "EUR"),)))
    _, bea = bring(house)
    visit(house, bea)
    visit(house, bea, name="purchase", value=value)
    look(house)
    assert states(house) == {"referrer": state}


def test_a_refund_within_the_waiting_days_ends_it(house: House) -> None:
    _, bea = bring(house)
    visit(house, bea)
    look(house, DAY)
    visit(house, bea, name="refund")
    look(house, 14 * DAY)
    assert ledger(house)[1] == ("referrer", "refused", "The friend's purchase was refunded.")


def test_caps_of_a_person_in_a_time_and_of_all(house: House) -> None:
    promise(house, Programme(referrer=COUPON, each=Cap(2, Duration.of(1, Unit.YEARS)), in_all=3))
    ana = arrive(house, "ana@example.org", network="203.0.113.7")
    bea = arrive(house, "bea@example.org", network="203.0.113.8")
    for number in range(3):
        friend = arrive(house, f"f{number}@example.net", ref=code_of(house, ana), network=f"198.51.100.{number}")
        visit(house, friend)
        house.set_time(house.now + DAY)
    for number in range(2):
        friend = arrive(house, f"g{number}@example.net", ref=code_of(house, bea), network=f"192.0.2.{number}")
        visit(house, friend)
        house.set_time(house.now + DAY)
    look(house)
    look(house, 30 * DAY)
    assert [state for _, state, _ in ledger(house)] == ["granted", "granted", "refused", "granted", "refused"]
    assert ledger(house)[2][2] == "They have had 2 rewards in 1 year, which is the most for one person."
    assert ledger(house)[4][2] == "All 3 rewards of the programme are given."


def test_a_pool_that_is_empty_is_waited_for(house: House) -> None:
    promise(house, Programme(referrer=Reward(RewardKind.POOL, "gift-cards", "10 €"), wait=timedelta()))
    _, bea = bring(house)
    visit(house, bea)
    look(house)
    assert ledger(house) == [("referrer", "approved", "There is no code left in “gift-cards”: bring in more.")]
    with house.begin() as session:
        assert add_codes(session, "gift-cards", ["A1", "A2", "A1"]) == 2
        assert add_codes(session, "gift-cards", ["A2"]) == 0
    look(house, timedelta(hours=1))
    assert states(house) == {"referrer": "granted"}
    with house.begin() as session:
        assert list(count_codes(session)) == [("gift-cards", 2, 1)]


def test_a_person_gives_what_no_program_can(house: House) -> None:
    gift = Reward(RewardKind.TASK, "gift card", "20 €", assign="desk", cost=Decimal(20))
    promise(house, Programme(referrer=gift, wait=timedelta()))
    ana, bea = bring(house)
    visit(house, bea)
    look(house)
    assert ledger(house) == [("referrer", "approved", "Waits for desk to give it: gift card.")]
    (task,) = tasks(house)
    assert (task.what, task.assignee, task.contact_id, task.cost) == ("gift card (20 €)", "desk", ana, Decimal(20))
    with house.begin() as session:
        settle_task(session, house.published, task.id, "desk", None, None, {}, house.now)
    look(house)
    assert ledger(house) == [("referrer", "granted", "Given by desk.")]
    assert told(house, ana)[-1] == ("referral.rewarded", {"friend": "Bea", "reward": "20 €"})


def test_a_person_may_not_give_it_after_all(house: House) -> None:
    promise(house, Programme(referrer=Reward(RewardKind.TASK, "gift card"), wait=timedelta()))
    _, bea = bring(house)
    visit(house, bea)
    look(house)
    with house.begin() as session:
        skip_task(session, house.published, tasks(house)[0].id, "owner", "no cards left", house.now)
    look(house)
    assert ledger(house) == [("referrer", "refused", "owner did not give it.")]


def test_another_program_is_called_once(house: House) -> None:
    promise(house, Programme(referrer=Reward(RewardKind.WEBHOOK, "gifts", "a donation"), wait=timedelta()))
    _, bea = bring(house)
    visit(house, bea)
    look(house)
    with house.begin() as session:
        (call,) = session.scalars(select(WebhookCall)).all()
        assert (call.name, call.body["type"], call.body["data"]["worth"]) == ("gifts", "referral.reward", "a donation")
    assert states(house) == {"referrer": "granted"}


def test_a_friend_who_is_forgotten_leaves_it_to_a_person(house: House) -> None:
    ana, bea = bring(house)
    visit(house, bea)
    look(house)
    with house.begin() as session:
        erase(session, bea)
    look(house, 14 * DAY)
    assert ledger(house) == [("referrer", "qualified", "The friend asked to be forgotten meanwhile; a person decides.")]
    assert ana


def test_nothing_is_earned_before_the_address_is_confirmed(house: House) -> None:
    ana = arrive(house, "ana@example.org", network="203.0.113.7")
    request = ask(house, "bea@example.net", code_of(house, ana))
    look(house, DAY)
    assert states(house) == {"friend": "invited", "referrer": "invited"}
    assert told(house, ana) == []
    press(house, request)
    look(house)
    assert states(house) == {"friend": "granted", "referrer": "signed-up"}
    assert [name for name, _ in told(house, ana)] == ["referral.joined"]


def test_of_two_who_invited_the_one_counts_whose_invitation_was_confirmed(house: House) -> None:
    ana, cleo = (arrive(house, f"{name}@example.org", network=f"203.0.113.{len(name)}") for name in ("ana", "cleo"))
    ask(house, "bea@example.net", code_of(house, ana))
    house.set_time(house.now + 8 * DAY)
    press(house, ask(house, "bea@example.net", code_of(house, cleo)))
    look(house)
    assert told(house, ana) == []
    assert [name for name, _ in told(house, cleo)] == ["referral.joined"]
    with house.begin() as session:
        assert session.scalars(select(Row.contact_id).where(Row.side == "referrer")).all() == [cleo]


def test_two_who_were_brought_and_are_one_count_for_whoever_brought_them_first(house: House) -> None:
    promise(house, Programme(friend=WELCOME, referrer=COUPON, each=Cap(5)))
    ana, bea = bring(house)
    cleo = arrive(house, "cleo@example.org", network="192.0.2.9")
    again = arrive(house, "bea@work.example", ref=code_of(house, cleo), network="192.0.2.1")
    with house.begin() as session:
        merge(session, house.published, again, bea, house.now)
    visit(house, again)
    look(house)
    look(house, 14 * DAY)
    assert [(side, state) for side, state, _ in ledger(house)] == [
        ("friend", "granted"),
        ("referrer", "granted"),
        ("friend", "refused"),
        ("referrer", "refused"),
    ]
    assert {reason for _, state, reason in ledger(house) if state == "refused"} == {
        "The friend was brought before, under another address."
    }
    assert [name for name, _ in told(house, ana)] == ["referral.joined", "referral.qualified", "referral.rewarded"]
    assert [name for name, _ in told(house, cleo)] == ["referral.joined"]
    assert [name for name, _ in told(house, again)] == ["referral.welcomed"]
