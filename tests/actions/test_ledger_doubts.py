"""Whoever passes for two, or for somebody new, earns nothing without a person's word."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Engine, select

from service.actions.settle_referral import NotQualified, decide_referral, reward
from service.actions.settle_task import settle_task
from service.domain.referral_ledger import CannotDecide
from service.domain.sequence.model.referral import Programme
from service.store.referral import Referral
from service.store.reward import RewardRecord, read_rewards
from tests.actions.friends import (
    COUPON,
    DAY,
    arrive,
    bring,
    code_of,
    ledger,
    look,
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


@pytest.mark.parametrize("email", ["ana+friend@example.org", "ANA@example.org", "ana+a+b@example.org"])
def test_bringing_oneself_earns_nothing(house: House, email: str) -> None:
    ana = arrive(house, "ana@example.org", network="203.0.113.7")
    friend = arrive(house, email, ref=code_of(house, ana))
    visit(house, friend)
    look(house, 30 * DAY)
    assert ledger(house) == []
    assert told(house, ana) == []


def test_dots_at_gmail_are_no_other_person(house: House) -> None:
    ana = arrive(house, "ana.b@gmail.com", network="203.0.113.7")
    arrive(house, "anab+1@googlemail.com", ref=code_of(house, ana))
    assert ledger(house) == []


def test_the_same_mailbox_twice_is_refused(house: House) -> None:
    ana, _ = bring(house)
    second = arrive(house, "bea+again@example.net", ref=code_of(house, ana), network="198.51.100.9")
    look(house)
    visit(house, second)
    look(house, 30 * DAY)
    sentence = "The same mailbox was brought by this referrer before."
    assert ledger(house)[2:] == [("friend", "refused", sentence), ("referrer", "refused", sentence)]
    assert [name for name, _ in told(house, ana)] == ["referral.joined", "referral.joined"]


def test_a_client_under_another_spelling_is_no_friend(house: House) -> None:
    ana = arrive(house, "ana@example.org", network="203.0.113.7")
    cleo = arrive(house, "cleo@example.net", network="192.0.2.4")
    visit(house, cleo)
    house.set_time(house.now + DAY)
    arrive(house, "cleo+new@example.net", ref=code_of(house, ana))
    look(house)
    assert {reason for _, _, reason in ledger(house)} == {"A client has the same mailbox under another spelling."}


def test_a_ring_is_refused(house: House) -> None:
    ana, bea = bring(house)
    again = arrive(house, "ana+ring@example.org", ref=code_of(house, bea), network="198.51.100.7")
    visit(house, again)
    look(house, 30 * DAY)
    assert {reason for side, state, reason in ledger(house) if state == "refused"} == {
        "The friend is somebody who brought the referrer: a ring."
    }
    assert ana != again


@pytest.mark.parametrize(
    ("network", "fields", "sentence"),
    [
        ("203.0.113.7", {}, "The friend signed up from the same network as the referrer."),
        ("198.51.100.3", {"phone": "0049 30 5550123"}, "The friend has the same phone number as the referrer."),
        (
            "198.51.100.3",
            {"address": "Lindenweg 4 / Berlin"},
            "The friend has the same postal address as the referrer.",
        ),
    ],
)
def test_one_household_waits_for_a_person(house: House, network: str, fields: dict[str, str], sentence: str) -> None:
    known = {"phone": "+49 (30) 5550123", "address": "Lindenweg 4, Berlin"}
    ana = arrive(house, "ana@example.org", network="203.0.113.7", first_name="Ana", **known)
    bea = arrive(house, "bea@example.net", ref=code_of(house, ana), network=network, **fields)
    visit(house, bea)
    look(house, 30 * DAY)
    assert [(state, reason) for _, state, reason in ledger(house)] == [("qualified", sentence)] * 2
    (task,) = tasks(house)
    assert (task.what, task.assignee, task.state, task.reason) == ("look at a referral", "owner", "open", sentence)
    house.work()
    assert [mail for mail in house.mails() if mail[0] == "mia@glow.example"] == [("mia@glow.example", "(look)")]
    with house.begin() as session:
        settle_task(session, house.published, task.id, "owner", "approve", "They are sisters", {}, house.now)
    look(house)
    assert states(house) == {"friend": "granted", "referrer": "granted"}
    with house.begin() as session:
        entries = read_rewards(session, [1, 2, 3])
        said = session.scalars(select(RewardRecord.reason).where(RewardRecord.state == "approved")).all()
    assert set(said) == {"Approved by owner: They are sisters."}
    assert len(entries) == 1


def test_who_is_refused_by_a_person_gets_nothing_and_may_be_taken_up_again(house: House) -> None:
    ana = arrive(house, "ana@example.org", network="203.0.113.7")
    bea = arrive(house, "bea@example.net", ref=code_of(house, ana), network="203.0.113.7")
    visit(house, bea)
    look(house)
    with house.begin() as session:
        (referral,) = session.scalars(select(Referral.id)).all()
        decide_referral(session, house.published, referral, "Mia", "one person", house.now, yes=False)
    look(house, 30 * DAY)
    assert [reason for *_, reason in ledger(house)] == ["Refused by Mia: one person."] * 2
    assert [task.state for task in tasks(house)] == ["cancelled"]
    with house.begin() as session, pytest.raises(NotQualified):
        reward(session, house.published, referral, "15 €", house.now)
    for _ in range(2):
        with house.begin() as session:
            decide_referral(session, house.published, referral, "Mia", None, house.now, yes=True)
    look(house)
    assert states(house) == {"friend": "granted", "referrer": "granted"}
    with house.begin() as session, pytest.raises(CannotDecide):
        decide_referral(session, house.published, referral, "Mia", None, house.now, yes=False)


def test_too_many_from_one_network_in_an_hour_wait(house: House) -> None:
    promise(house, Programme(referrer=COUPON, an_hour=2))
    ana = arrive(house, "ana@example.org", network="203.0.113.7")
    friends = []
    for number in range(3):
        network = f"2001:db8::{number}"  # each an address of its own, in one /64
        friends.append(arrive(house, f"f{number}@example.net", ref=code_of(house, ana), network=network))
        house.set_time(house.now + timedelta(minutes=1))
    visit(house, *friends)
    look(house)
    look(house, 30 * DAY)
    assert [state for _, state, _ in ledger(house)] == ["granted", "granted", "qualified"]
    assert "3 friends signed up from one network within an hour." in ledger(house)[2][2]
