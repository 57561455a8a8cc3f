"""A stranger trades an address for something useful."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine, func, select

from service.actions.sign_up import Evidence, sign_up
from service.domain.contact import read_address
from service.domain.sequence.model.form import Form
from service.domain.sequence.vocabulary import Kind
from service.store.contact import Consent, Contact
from service.store.enrolment import Enrolment
from service.store.event import Event
from tests.actions.house import KEY, NOW, House
from tests.domain.stories import BUSINESS, day, letters, step


@pytest.fixture
def house(engine: Engine) -> House:
    return House(engine, letters(step("checklist", day(0), Kind.SERVICE), step("tip", day(2))))


def count(house: House, table: type) -> int:
    with house.begin() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_one_commit_holds_the_contact_the_consent_the_enrolment_and_the_first_delivery(house: House) -> None:
    signed = house.sign_up("Ana@Example.org", first_name="Ana", hair="curly")
    with house.begin() as session:
        contact = session.get_one(Contact, signed.contact_id)
        consent = session.scalars(select(Consent)).one()
    assert (contact.email, contact.email_key, contact.first_name) == ("Ana@example.org", "ana@example.org", "Ana")
    assert (contact.fields, contact.source) == ({"hair": "curly"}, "form:checklist")
    assert (consent.topic, consent.act, consent.wording) == ("Tips and ideas", "confirmed", "Yes, please.")
    assert (consent.address, consent.user_agent, consent.page) == ("203.0.113.7", "Firefox", "https://glow.example/")
    assert house.states(signed.contact_id) == {"checklist": "planned"}


def test_the_first_mail_leaves_at_once(house: House) -> None:
    house.sign_up()
    house.work()
    assert house.mails() == [("ana@example.org", "checklist")]


def test_a_second_signup_adds_what_is_known_and_overwrites_nothing(house: House) -> None:
    house.sign_up(first_name="Ana")
    signed = house.sign_up("ANA@example.org", first_name="Eve", phone="030 123")
    with house.begin() as session:
        contact = session.get_one(Contact, signed.contact_id)
    assert (contact.first_name, contact.phone) == ("Ana", "030 123")
    assert not signed.is_new
    assert (count(house, Contact), count(house, Enrolment), count(house, Event)) == (1, 1, 2)


def test_asked_for_again_the_first_mail_comes_again_at_most_once_an_hour(house: House) -> None:
    house.sign_up()
    house.work()
    house.set_time(NOW + timedelta(minutes=59))
    house.sign_up()
    house.work()
    assert len(house.mails()) == 1
    for _ in range(3):
        house.set_time(NOW + timedelta(minutes=61))
        house.sign_up()
        house.work()
    assert house.mails() == [("ana@example.org", "checklist")] * 2
    assert len({message.key for message in house.postman.taken}) == 2
    assert count(house, Enrolment) == 1


def test_ten_signups_at_once_make_one_contact_and_one_enrolment(house: House) -> None:
    with ThreadPoolExecutor(10) as pool:
        signed = list(pool.map(lambda _: house.sign_up(), range(10)))
    assert len({each.contact_id for each in signed}) == 1
    assert sum(each.is_new for each in signed) == 1
    assert sum(len(each.enrolments) for each in signed) == 1
    house.work()
    assert house.mails() == [("ana@example.org", "checklist")]


def test_a_form_that_asks_consent_to_nothing_records_none(engine: Engine) -> None:
    nothing = House(engine, business=replace(BUSINESS, forms=(Form("comments"),)))
    with nothing.begin() as session:
        address = read_address("ana@example.org")
        signed = sign_up(session, nothing.published, KEY, Form("comments"), address, {}, Evidence(), NOW)
    assert (signed.is_new, signed.enrolments) == (True, ())
    assert (count(nothing, Contact), count(nothing, Consent)) == (1, 0)
