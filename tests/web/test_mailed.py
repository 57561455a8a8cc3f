"""What is done only by a button in a mail: another address, and being forgotten."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from service.actions.suppress import suppress_address
from service.domain.contact import address_hash
from service.domain.token import Purpose
from service.store.contact import Consent, Contact, Suppression
from service.store.delivery import Delivery
from service.store.enrolment import Enrolment
from service.store.event import Event
from service.store.journey import journey_now
from tests.web.shop import Shop

NEW = "ana@new.example"


@pytest.fixture
def token(shop: Shop) -> str:
    shop.sign_up()
    return shop.token()


def requests(shop: Shop, what: str) -> list[Enrolment]:
    with shop.runtime.session() as session:
        return list(session.scalars(select(Enrolment).where(Enrolment.sequence == what).order_by(Enrolment.id)))


def mails(shop: Shop, what: str) -> list[str | None]:
    """To whom mails of a kind are on their way; None is the contact."""
    with shop.runtime.session() as session:
        query = select(Delivery.staff_to).join(Enrolment, Enrolment.id == Delivery.enrolment_id)
        return list(session.scalars(query.where(Enrolment.sequence == what, Delivery.state == "due")))


def button(shop: Shop, purpose: Purpose, what: str) -> str:
    """The path behind the button of the last such mail."""
    return f"/{purpose}/{shop.runtime.signer.sign(purpose, str(requests(shop, what)[-1].id))}"


def hash_of(shop: Shop, email: str) -> bytes:
    return address_hash(shop.runtime.hash_key, email)


def move(shop: Shop, token: str, email: str = NEW) -> str:
    answer = shop.client.post(f"/preferences/{token}", data={"address": email})
    assert answer.status_code == 200
    return button(shop, "address", "(address)")


def forget(shop: Shop, token: str) -> str:
    assert shop.client.post(f"/preferences/{token}", data={"forget": "yes"}).status_code == 200
    return button(shop, "forget", "(forget)")


def test_a_new_address_counts_once_its_owner_has_confirmed_it(shop: Shop, token: str) -> None:
    path = move(shop, token)
    assert mails(shop, "(address)") == [NEW]
    assert shop.contact().email == "ana@example.org", "nothing changes before"
    page = shop.client.get(path).text
    assert "Is this your new address?" in page
    assert "a…@new.example" in page
    assert shop.contact().email == "ana@example.org", "a scanner that opens the link changes nothing"
    answer = shop.client.post(path)
    assert "This is your address now" in answer.text
    moved = shop.contact(NEW)
    assert (moved.email, moved.address_hash) == (NEW, hash_of(shop, NEW))
    assert "address-changed" in {each.name for each in shop.all(Event)}
    assert all(NEW not in str(each.data) for each in shop.all(Event))


def test_the_button_works_once_and_only_in_its_time(shop: Shop, token: str) -> None:
    path = move(shop, token)
    with shop.runtime.session() as session:
        session.execute(update(Enrolment).values(date_at=journey_now(session) - timedelta(seconds=1)))
    assert "too old" in shop.client.post(path).text
    assert shop.contact().email == "ana@example.org"
    with shop.runtime.session() as session:
        later = {"date_at": journey_now(session) + timedelta(days=1)}
        session.execute(update(Enrolment).where(Enrolment.sequence == "(address)").values(later))
    for _ in range(2):
        answer = shop.client.post(path)
        assert answer.status_code == 200
    assert "has been used" in answer.text
    assert shop.contact(NEW)


def test_of_several_new_addresses_the_confirmed_one_stays(shop: Shop, token: str) -> None:
    first, second = move(shop, token, "ana@first.example"), move(shop, token, "ana@second.example")
    shop.client.post(second)
    assert "has been used" in shop.client.post(first).text
    assert shop.contact("ana@second.example")


def test_what_was_said_goes_along_and_what_is_of_the_mailbox_stays(shop: Shop, token: str) -> None:
    with shop.runtime.session() as session:
        old, now = hash_of(shop, "ana@example.org"), journey_now(session)
        suppress_address(session, old, now, topic=None, reason="bounced", source="feedback")
    shop.client.post(f"/preferences/{token}", data={"topic": "Newsletter"})
    shop.client.post(move(shop, token))
    lines = {(each.address_hash, each.reason) for each in shop.all(Suppression)}
    assert lines == {
        (hash_of(shop, "ana@example.org"), "bounced"),
        (hash_of(shop, "ana@example.org"), "unsubscribed"),
        (hash_of(shop, NEW), "unsubscribed"),
    }


def test_an_old_link_leads_to_the_same_person_afterwards(shop: Shop, token: str) -> None:
    shop.client.post(move(shop, token))
    assert "a…@new.example" in shop.client.get(f"/preferences/{token}").text
    shop.client.post(f"/unsubscribe/{token}")
    assert hash_of(shop, NEW) in {each.address_hash for each in shop.all(Suppression)}


def test_an_address_that_another_contact_has_makes_the_two_one(shop: Shop, token: str) -> None:
    """Whoever holds both mailboxes is one person; nothing of either is lost, and links of both lead on."""
    shop.sign_up(NEW, first_name="Ana")
    other = shop.token(NEW)
    shop.client.post(f"/preferences/{other}", data={"topic": "Newsletter"})
    path = move(shop, token)
    assert len(shop.all(Contact)) == 2, "nothing is told, and nothing happens before"
    assert "This is your address now" in shop.client.post(path).text
    (one,) = shop.all(Contact)
    assert one.email == NEW
    for each in (token, other):
        page = shop.client.get(f"/preferences/{each}").text
        assert "a…@new.example" in page
        assert 'name="again" value="Newsletter"' in page, "what either of them left stays left"
    assert shop.client.post(f"/preferences/{other}", data={"less": "yes"}).status_code == 200
    assert shop.contact(NEW).less_often


@pytest.mark.parametrize("email", ["", "no address", "a@b", "eve@example.org\r\nBcc: x@example.org"])
def test_what_is_no_address_is_refused(shop: Shop, token: str, email: str) -> None:
    answer = shop.client.post(f"/preferences/{token}", data={"address": email})
    assert answer.status_code == 422
    assert "does not look like an email address" in answer.text
    assert not requests(shop, "(address)")
    assert not email or 'aria-invalid="true"' in answer.text


def test_the_address_that_they_have_needs_no_mail(shop: Shop, token: str) -> None:
    answer = shop.client.post(f"/preferences/{token}", data={"address": "ana@example.org"})
    assert "the address we write to already" in answer.text
    assert not requests(shop, "(address)")


def test_nobody_is_flooded_and_the_answer_is_always_the_same(shop: Shop, token: str) -> None:
    """The address of somebody else, of nobody, and one that called our mail spam: no answer tells them apart."""
    shop.sign_up("bea@example.org")
    with shop.runtime.session() as session:
        now = journey_now(session)
        suppress_address(
            session, hash_of(shop, "cem@example.org"), now, topic=None, reason="complained", source="feedback"
        )
    answers = set()
    for email in ("bea@example.org", "nobody@example.org", "cem@example.org", "nobody@example.org"):
        answer = shop.client.post(f"/preferences/{token}", data={"address": email})
        said = re.sub(r'/my-data/[^"]+', "", answer.text)  # which says when it was made
        said = said.replace(f"{email[0]}…@example.org", "X").replace("a…@example.org", "Y")
        answers.add((answer.status_code, said))
    assert len(answers) == 1
    assert sorted(map(str, mails(shop, "(address)"))) == ["bea@example.org", "nobody@example.org"]
    for number in range(9):
        shop.client.post(f"/preferences/{token}", data={"address": f"n{number}@example.org"})
    assert len(mails(shop, "(address)")) == 5


def test_being_forgotten_takes_a_press_in_a_mail(shop: Shop, token: str) -> None:
    path = forget(shop, token)
    assert mails(shop, "(forget)") == [None]
    assert "Shall we forget you?" in shop.client.get(path).text
    assert shop.contact(), "nothing is deleted before"
    answer = shop.client.post(path)
    assert answer.status_code == 200
    assert "We have forgotten you" in answer.text
    for table in (Contact, Consent, Enrolment, Delivery, Event):
        assert not shop.all(table)
    (line,) = shop.all(Suppression)
    assert (line.address_hash, line.topic, line.reason) == (hash_of(shop, "ana@example.org"), None, "unsubscribed")


def test_afterwards_every_link_answers_kindly(shop: Shop, token: str) -> None:
    path = forget(shop, token)
    shop.client.post(path)
    for found in (path, f"/preferences/{token}", f"/unsubscribe/{token}"):
        for method in ("GET", "POST"):
            answer = shop.client.open(found, method=method)
            assert answer.status_code in {200, 422}, (found, method)
    assert shop.client.post(f"/unsubscribe/{token}", data={"List-Unsubscribe": "One-Click"}).status_code == 200
    assert len(shop.all(Suppression)) == 1, "the suppression stands"


def test_asking_to_be_forgotten_twice_writes_one_mail(shop: Shop, token: str) -> None:
    for _ in range(3):
        forget(shop, token)
    assert mails(shop, "(forget)") == [None]


@pytest.mark.parametrize("purpose", ["address", "forget"])
def test_a_button_of_another_kind_does_nothing(shop: Shop, token: str, purpose: Purpose) -> None:
    forget(shop, token)
    move(shop, token)
    with shop.runtime.session() as session:
        highest = session.scalar(select(func.max(Enrolment.id))) or 0
    wanted = {"address": "(address)", "forget": "(forget)"}[purpose]
    for number in range(1, highest + 2):
        if any(each.id == number for each in requests(shop, wanted)):
            continue
        signed = shop.runtime.signer.sign(purpose, str(number))
        assert shop.client.get(f"/{purpose}/{signed}").status_code == 200
        shop.client.post(f"/{purpose}/{signed}")
    assert shop.contact().email == "ana@example.org"


def test_german_is_spoken_behind_the_buttons(shop: Shop, token: str) -> None:
    with shop.runtime.session() as session:
        session.execute(update(Contact).values(language="de"))
    assert "Ist das deine neue Adresse?" in shop.client.get(move(shop, token)).text
    assert "Sollen wir dich vergessen?" in shop.client.get(forget(shop, token)).text
