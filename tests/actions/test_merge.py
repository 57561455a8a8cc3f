"""Two contacts become one person, who gets nothing twice, and nothing that either said no to."""

from __future__ import annotations

import random
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, func, select

from service.actions.keep_list import put_on_list
from service.actions.merge import CantMerge, merge
from service.actions.tell import Told, tell
from service.actions.unsubscribe import unsubscribe
from service.domain.consent import may_email
from service.domain.suppression import Line
from service.ports import Letter, Message
from service.store.contact import Consent, Contact, Suppression
from service.store.decision import Decision
from service.store.delivery import Delivery
from service.store.enrolment import Enrolment
from service.store.event import Event
from service.store.history import read_standings
from service.store.merged import find_contact
from service.store.person import read_person
from service.store.referral import Referral, find_referrer, give_codes
from service.store.tables import Table
from service.store.traces import OWN
from tests.actions.house import House
from tests.domain.stories import day, letters, step

REASONS = ("unsubscribed", "complained", "manual", "unengaged")


@pytest.fixture
def house(engine: Engine) -> House:
    return House(engine, letters(step("hello", day(0)), step("tip", day(3)), step("story", day(6))))


def two(house: House, **fields: str) -> tuple[int, int]:
    return house.sign_up("ana@example.org").contact_id, house.sign_up("ana@work.example", **fields).contact_id


def make_one(house: House, stays: int, goes: int) -> dict[str, int]:
    with house.begin() as session:
        return merge(session, house.published, stays, goes, house.now)


def all_of(house: House, table: type) -> list[Any]:
    with house.begin() as session:
        return list(session.scalars(select(table)))


def test_all_that_was_known_of_both_is_known_of_one(house: House) -> None:
    stays, goes = two(house, first_name="Ana", phone="+49 30 1")
    with house.begin() as session:
        tell(session, house.published, [Told(goes, "purchase", key="R7")], house.now)
    house.work()
    moved = make_one(house, stays, goes)
    assert moved["events"] == 2
    assert moved["mails"] > 0
    (ana,) = all_of(house, Contact)
    assert (ana.id, ana.email, ana.first_name, ana.phone, ana.stage) == (
        stays,
        "ana@example.org",
        "Ana",
        "+49 30 1",
        "client",
    )
    for table in (Consent, Event, Enrolment, Delivery, Decision):
        assert {each.contact_id for each in all_of(house, table)} == {stays}, table
    with house.begin() as session:
        assert find_contact(session, goes).id == stays


def test_every_table_that_hangs_on_a_person_is_passed_on() -> None:
    """By the same list that erasing goes by; a referral names two, and the friend is seen to by hand."""
    hanging = {
        mapper.class_
        for mapper in Table.registry.mappers
        if any(key.column.table.name == "contact" for key in mapper.local_table.foreign_keys)
        or "contact_id" in mapper.local_table.columns
    }
    assert hanging == {column.class_ for column in OWN.values()}


def test_one_who_left_at_either_address_has_left(house: House) -> None:
    stays, goes = two(house)
    with house.begin() as session:
        unsubscribe(session, house.published, goes, house.now)
    make_one(house, stays, goes)
    house.work(house.now + timedelta(days=9))
    assert house.mails() == []


def test_a_dead_mailbox_is_left_behind_with_its_address(house: House) -> None:
    stays, goes = two(house)
    with house.begin() as session:
        key = session.get_one(Contact, goes).address_hash
        put_on_list(session, house.published, Line(key, None, "bounced", "test", house.now), house.now)
    make_one(house, stays, goes)
    house.work()
    assert house.mails() == [("ana@example.org", "hello")]
    assert len(all_of(house, Suppression)) == 1


def test_a_mail_in_somebodys_hands_does_not_leave_for_the_address_that_is_gone(house: House) -> None:
    stays, goes = two(house)
    write = house.clerk.render

    def meanwhile(letter: Letter) -> Message:
        """Both mails are put into words when the two are made one."""
        if len(all_of(house, Contact)) == 2:
            make_one(house, stays, goes)
        return write(letter)

    house.clerk.render = meanwhile  # type: ignore[method-assign]
    house.work()
    assert house.mails() == []
    house.work()
    assert house.mails() == [("ana@example.org", "hello")]


def test_nobody_has_brought_themselves_and_the_first_who_came_brought_them(house: House) -> None:
    stays, goes = two(house)
    with house.begin() as session:
        codes = give_codes(session, [stays, goes])
    bea = house.sign_up("bea@example.org", ref=codes[goes]).contact_id
    cleo = house.sign_up("cleo@example.org", ref=codes[stays]).contact_id
    with house.begin() as session:
        session.add(Referral(referrer_id=stays, friend_id=goes, joined_at=house.now))
    make_one(house, stays, goes)
    assert {(each.referrer_id, each.friend_id) for each in all_of(house, Referral)} == {(stays, bea), (stays, cleo)}


def test_every_code_that_was_ever_given_leads_to_the_person_and_counts_a_friend_once(house: House) -> None:
    first, second = two(house)
    last = house.sign_up("ana@third.example").contact_id
    with house.begin() as session:
        codes = give_codes(session, [first, second, last])
    make_one(house, second, first)
    make_one(house, last, second)
    with house.begin() as session:
        assert {find_referrer(session, code) for code in codes.values()} == {last}
        assert give_codes(session, [last]) == {last: codes[last]}
    for code in codes.values():
        house.sign_up("bea@example.org", ref=code)
        house.sign_up("ana@third.example", ref=code)  # nobody brings themselves by a link of old
    ((referrer, _),) = {(each.referrer_id, each.friend_id) for each in all_of(house, Referral)}
    assert referrer == last


def test_the_one_code_that_there_is_stays_the_persons_own(house: House) -> None:
    stays, goes = two(house)
    with house.begin() as session:
        code = give_codes(session, [goes])[goes]
    make_one(house, stays, goes)
    with house.begin() as session:
        assert give_codes(session, [stays]) == {stays: code}
        assert find_referrer(session, code) == stays
        assert read_person(session, session.get_one(Contact, stays))["earlier_numbers"][0]["referral_code"] is None


def test_who_leaves_by_a_number_of_old_has_left(house: House) -> None:
    """A mail program may press at the very moment in which two are made one."""
    stays, goes = two(house)
    make_one(house, stays, goes)
    with house.begin() as session:
        assert unsubscribe(session, house.published, goes, house.now) is not None
        assert unsubscribe(session, house.published, 4711, house.now) is None
    assert "Tips and ideas" in refused(house, stays)


def test_who_is_not_there_can_not_be_made_one(house: House) -> None:
    stays, goes = two(house)
    with house.begin() as session:
        with pytest.raises(CantMerge, match="itself"):
            merge(session, house.published, stays, stays, house.now)
        with pytest.raises(CantMerge, match="no contact 4711"):
            merge(session, house.published, stays, 4711, house.now)
    make_one(house, stays, goes)
    with house.begin() as session, pytest.raises(CantMerge):
        merge(session, house.published, stays, goes, house.now)


@pytest.mark.parametrize("seed", range(30))
def test_nothing_comes_twice_and_nothing_suppressed_becomes_allowed(house: House, seed: int) -> None:
    """Two lives of any length, with whatever was said no to, made one at any time, in either direction."""
    chance = random.Random(seed)
    stays = house.sign_up("ana@example.org").contact_id
    house.work(house.now + timedelta(days=chance.randrange(8)))
    goes = house.sign_up("ana@work.example").contact_id
    if chance.random() < 0.5:
        stays, goes = goes, stays
    house.work(house.now + timedelta(days=chance.randrange(8)))
    with house.begin() as session:
        for contact_id in (stays, goes):
            if chance.random() < 0.4:
                key = session.get_one(Contact, contact_id).address_hash
                topic = chance.choice([None, "Tips and ideas"])
                line = Line(key, topic, chance.choice(REASONS), "test", house.now)
                put_on_list(session, house.published, line, house.now)
    if chance.random() < 0.5:
        house.decide()  # something may be cleared already
    before = Counter(step for _, step in house.mails())
    barred = refused(house, stays) | refused(house, goes)
    make_one(house, stays, goes)
    assert refused(house, stays) >= barred
    for _ in range(10):
        house.work(house.now + timedelta(days=1))
    after = Counter(step for _, step in house.mails())
    for step_key, times in after.items():  # what both got before they were one can't be taken back
        assert times <= max(1, before[step_key]), (before, after)
    with house.begin() as session:
        inside = select(func.count()).select_from(Enrolment).where(Enrolment.state.in_(("active", "awaited")))
        assert session.scalar(inside) in {0, 1}


def refused(house: House, contact_id: int) -> set[str]:
    """The topics about which somebody may not be written to because of the suppression list."""
    with house.begin() as session:
        contact = session.get_one(Contact, contact_id)
        standing = read_standings(session, [contact], house.now)[contact_id]
        agreed = standing._replace(consented=frozenset({"Tips and ideas"}))
        topics = house.published.library.business.topics
        return {topic.name for topic in topics if may_email(agreed, topic, house.now) is not None}
