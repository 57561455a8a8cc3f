"""A friend comes by somebody's link: who is told, and what stands in nobody's way."""

from __future__ import annotations

import random
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, delete, select

from service.actions.erase import erase
from service.actions.settle_referral import NotQualified, reward
from service.actions.tell import Told, tell
from service.actions.unsubscribe import unsubscribe
from service.domain.sequence.model.enrol import Again, Enrol, Trigger
from service.domain.sequence.vocabulary import Kind
from service.store.contact import Contact
from service.store.event import Event
from service.store.history import read_pasts
from service.store.referral import Friends, Referral, concerned, count_friends, give_codes, read_referrals
from tests.actions.house import House
from tests.domain.stories import day, letters, step

HOUR = timedelta(hours=1)


@pytest.fixture
def house(engine: Engine) -> House:
    """Friends get letters; whoever brought one who was here is thanked."""
    thanks = replace(
        letters(step("thanks", day(0), Kind.SERVICE)),
        key="thanks",
        enrol=Enrol((Trigger("event", "referral.qualified"),), again=Again.ALWAYS),
    )
    return House(engine, letters(step("hello", day(0))), thanks)


def code_of(house: House, contact_id: int) -> str:
    with house.begin() as session:
        return give_codes(session, [contact_id])[contact_id]


def bring(house: House, referrer: int, email: str, **fields: str) -> int:
    return house.sign_up(email, ref=code_of(house, referrer), **fields).contact_id


def visit(house: House, *contacts: int, name: str = "visit.completed") -> None:
    with house.begin() as session:
        tell(session, house.published, [Told(each, name) for each in contacts], house.now)


def told(house: House, contact_id: int) -> list[tuple[str, dict[str, Any]]]:
    with house.begin() as session:
        events = (
            select(Event).where(Event.contact_id == contact_id, Event.name.startswith("referral.")).order_by(Event.id)
        )
        return [(event.name, event.data) for event in session.scalars(events)]


def referrals(house: House) -> Sequence[Referral]:
    with house.begin() as session:
        return session.scalars(select(Referral).order_by(Referral.id)).all()


def test_a_code_is_made_once_and_says_nothing_of_the_id(house: House) -> None:
    ids = [house.sign_up(f"p{number}@example.org").contact_id for number in range(20)]
    with house.begin() as session:
        codes = give_codes(session, [*ids, 999_999])
    assert sorted(codes) == ids
    assert len(set(codes.values())) == 20
    assert list(codes.values()) != sorted(codes.values())
    with house.begin() as session:
        assert give_codes(session, ids) == codes


def test_many_ask_for_the_first_code_at_once_and_get_the_same(house: House) -> None:
    ids = [house.sign_up(f"p{number}@example.org").contact_id for number in range(10)]

    def ask(number: int) -> dict[int, str]:
        with house.begin() as session:
            return give_codes(session, ids if number % 2 else ids[::-1])

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, range(24)))
    assert all(answer == answers[0] for answer in answers)


def test_the_referrer_is_told_that_a_friend_joined(house: House) -> None:
    ana = house.sign_up(first_name="Ana").contact_id
    bea = bring(house, ana, "bea@example.org", first_name="Bea")
    (referral,) = referrals(house)
    assert (referral.referrer_id, referral.friend_id, referral.joined_at) == (ana, bea, house.now)
    assert told(house, ana) == [("referral.joined", {"friend": "Bea", "code": code_of(house, ana)})]
    assert told(house, bea) == []


@pytest.mark.parametrize(("language", "words"), [(None, "a friend"), ("de-AT", "jemand")])
def test_a_name_that_is_none_is_not_passed_on(house: House, language: str | None, words: str) -> None:
    ana = house.sign_up(**({"language": language} if language else {})).contact_id
    bring(house, ana, "bea@example.org", first_name="Win now at evil.example")
    assert told(house, ana)[0][1]["friend"] == words


def test_who_was_there_before_is_nobodys_friend(house: House) -> None:
    ana, bea = (house.sign_up(f"{name}@example.org").contact_id for name in ("ana", "bea"))
    house.sign_up("bea@example.org", ref=code_of(house, ana))
    house.sign_up("ana@example.org", ref=code_of(house, ana))
    assert referrals(house) == []
    assert told(house, ana) == told(house, bea) == []


def test_a_friend_belongs_to_whoever_came_first(house: House) -> None:
    ana, bea = (house.sign_up(f"{name}@example.org").contact_id for name in ("ana", "bea"))
    bring(house, ana, "cleo@example.org")
    bring(house, bea, "cleo@example.org")
    assert [each.referrer_id for each in referrals(house)] == [ana]


@pytest.mark.parametrize("ref", ["00000000", "nonsense", "", " "])
def test_an_unknown_code_costs_no_signup_and_is_not_kept(house: House, ref: str) -> None:
    ana = house.sign_up(ref=ref).contact_id
    assert referrals(house) == []
    with house.begin() as session:
        assert session.get_one(Contact, ana).fields == {}
    assert house.enrolment(ana).data["form"] == {"slug": "checklist"}


@pytest.mark.parametrize("name", ["visit.completed", "purchase"])
def test_the_first_visit_qualifies_once(house: House, name: str) -> None:
    ana = house.sign_up(first_name="Ana").contact_id
    bea = bring(house, ana, "bea@example.org", first_name="Bea")
    visit(house, bea, name="appointment.booked")
    assert referrals(house)[0].qualified_at is None
    house.set_time(house.now + HOUR)
    visit(house, bea, bea, name=name)
    visit(house, bea)
    assert referrals(house)[0].qualified_at == house.now
    assert told(house, ana)[1:] == [("referral.qualified", {"friend": "Bea", "count": 1})]
    house.work()
    assert ("ana@example.org", "thanks") in house.mails()


def test_friends_and_referrers_in_one_telling(house: House) -> None:
    """A chain: each was brought by the one before, and all are here on the same day, told in any order."""
    chain = [house.sign_up("p0@example.org").contact_id]
    for number in range(1, 6):
        chain.append(bring(house, chain[-1], f"p{number}@example.org"))
    visit(house, *random.Random(4).sample(chain, len(chain)))
    assert all(each.qualified_at for each in referrals(house))
    for referrer in chain[:-1]:
        assert [name for name, _ in told(house, referrer)] == ["referral.joined", "referral.qualified"]


def test_a_reward_is_told_once_and_not_before_the_visit(house: House) -> None:
    ana = house.sign_up().contact_id
    bea = bring(house, ana, "bea@example.org", first_name="Bea")
    (referral,) = referrals(house)
    with house.begin() as session, pytest.raises(NotQualified):
        reward(session, house.published, referral.id, "15 €", house.now)
    visit(house, bea)
    for words in ("15 €", "20 €"):
        with house.begin() as session:
            assert reward(session, house.published, referral.id, words, house.now) is not None
    assert referrals(house)[0].rewarded_at == house.now
    assert told(house, ana)[2:] == [("referral.rewarded", {"friend": "Bea", "reward": "15 €"})]
    with house.begin() as session:
        assert reward(session, house.published, 999, None, house.now) is None


def test_facts_of_both(house: House) -> None:
    ana = house.sign_up(first_name="Ana").contact_id
    bea = bring(house, ana, "bea@example.org", first_name="Bea")
    cleo = bring(house, ana, "cleo@example.org", first_name="Cleo")
    nobody = house.sign_up("dora@example.org").contact_id
    house.set_time(house.now + HOUR)
    visit(house, bea)
    with house.begin() as session:
        found = read_referrals(session, [ana, bea, cleo, nobody, 999])
        assert count_friends(session, ana) == Friends(2, 1, 0)
        assert count_friends(session, nobody) == Friends()
    code = code_of(house, ana)
    assert found[ana] == {"code": code, "from": None, "friend": "Bea", "count": 1, "reward": None}
    assert found[bea] == found[cleo] == {"code": None, "from": "Ana", "friend": None, "count": 0, "reward": None}
    assert found[nobody] == {"code": None, "from": None, "friend": None, "count": 0, "reward": None}
    assert 999 not in found
    own = code_of(house, nobody)
    with house.begin() as session:
        assert concerned(session, [ana, bea, cleo, nobody, 999]) == {ana, bea, cleo, nobody}
        assert read_pasts(session, [nobody])[nobody].referral["code"] == own
    with house.begin() as session:
        reward(session, house.published, referrals(house)[0].id, "15 €", house.now)
        assert read_referrals(session, [ana])[ana]["reward"] == "15 €"


def test_a_referrer_who_left_or_is_forgotten_stands_in_nobodys_way(house: House) -> None:
    ana, bea = (house.sign_up(f"{name}@example.org").contact_id for name in ("ana", "bea"))
    codes = {each: code_of(house, each) for each in (ana, bea)}
    with house.begin() as session:
        unsubscribe(session, house.published, ana, house.now)
    cleo = house.sign_up("cleo@example.org", ref=codes[ana]).contact_id
    dora = house.sign_up("dora@example.org", ref=codes[bea]).contact_id
    with house.begin() as session:
        erase(session, bea)
    house.sign_up("elin@example.org", ref=codes[bea])
    visit(house, cleo, dora)
    house.work()
    assert [name for name, _ in told(house, ana)] == ["referral.joined", "referral.qualified"]
    assert house.touches(ana)[-1][:2] == ("thanks", "cancelled")
    assert [each.friend_id for each in referrals(house)] == [cleo]
    with house.begin() as session:
        erase(session, cleo)
    assert [each.friend_id for each in referrals(house)] == [None]
    house.sign_up("cleo@example.org", ref=codes[ana])  # was brought once, and forgotten since
    assert [each.friend_id for each in referrals(house)] == [None]


def test_one_friend_who_signs_up_ten_times_at_once_is_one(house: House) -> None:
    referrers = [house.sign_up(f"p{number}@example.org").contact_id for number in range(5)]
    codes = [code_of(house, each) for each in referrers]
    with ThreadPoolExecutor(10) as pool:
        list(pool.map(lambda number: house.sign_up("bea@example.org", ref=codes[number % 5]), range(10)))
    (referral,) = referrals(house)
    assert sum(len(told(house, each)) for each in referrers) == 1
    assert referral.referrer_id in referrers


def test_visits_signups_and_workers_never_wait_for_each_other_in_a_circle(house: House) -> None:
    """A deadlock would end one of them with an error: nothing here begins again."""
    referrers = [house.sign_up(f"p{number}@example.org").contact_id for number in range(8)]
    codes = [code_of(house, each) for each in referrers]
    friends = [house.sign_up(f"f{number}@example.org", ref=codes[number % 8]).contact_id for number in range(64)]
    draw = random.Random(7)
    batches = [draw.sample(friends, 16) + draw.sample(referrers, 4) for _ in range(24)]

    def act(number: int) -> None:
        match number % 4:
            case 0 | 1:
                visit(house, *batches[number % len(batches)])
            case 2:
                house.work()
            case 3:
                house.sign_up(f"n{number}@example.org", ref=codes[number % 8])

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(act, range(48)))
    visited = {each for number in range(48) if number % 4 < 2 for each in batches[number % len(batches)]}
    assert {each.friend_id for each in referrals(house) if each.qualified_at} == visited & set(friends)
    counted = sum(name == "referral.qualified" for each in referrers for name, _ in told(house, each))
    assert counted == len(visited & set(friends))


def test_a_forgotten_persons_code_is_nobodys(house: House) -> None:
    ana = house.sign_up().contact_id
    code = code_of(house, ana)
    with house.begin() as session:
        session.execute(delete(Contact).where(Contact.id == ana))
    house.sign_up("bea@example.org", ref=code)
    assert referrals(house) == []
