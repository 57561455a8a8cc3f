"""Agreeing to one more topic by a button."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import delete, select, update

from service.store.contact import Consent, Contact, Suppression
from service.store.enrolment import Enrolment
from service.store.event import Event
from tests.web.shop import Shop


@pytest.fixture
def token(shop: Shop) -> str:
    """A link to the newsletter in a mail to somebody who agreed to another topic alone."""
    shop.sign_up(first_name="Ana")
    with shop.runtime.session() as session:
        given = session.scalars(select(Consent).where(Consent.topic == "Newsletter")).one()
        back = {"act": "withdrawn", "basis": "consent", "source": "page", "at": given.at}
        session.add(Consent(contact_id=given.contact_id, topic="Newsletter", **back))
    return token_for(shop, "newsletter")


def token_for(shop: Shop, topic: str) -> str:
    contact = shop.contact()
    return shop.runtime.signer.sign("join", f"{contact.id}.{shop.delivery_of(contact).id}.{topic}")


def joined(shop: Shop) -> list[Consent]:
    return [each for each in shop.all(Consent) if each.source == "join"]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_looking_changes_nothing(shop: Shop, token: str, method: str) -> None:
    before = len(shop.all(Event))
    answer = shop.client.open(f"/join/{token}", method=method)
    assert answer.status_code == 200
    assert joined(shop) == []
    assert len(shop.all(Event)) == before


def test_it_shows_the_topic_the_wording_and_one_button(shop: Shop, token: str) -> None:
    page = shop.client.get(f"/join/{token}").text
    assert "Would you like “Newsletter” as well?" in page
    assert "Glow Studio may write to me by email about “Newsletter”" in page
    assert page.count("<button") == 1
    assert "ana@example.org" not in page


def test_the_button_agrees_with_its_evidence(shop: Shop, token: str) -> None:
    words = re.search(r'id="consent">([^<]+)<', shop.client.get(f"/join/{token}").text)
    assert words is not None
    answer = shop.client.post(
        f"/join/{token}", headers={"User-Agent": "Firefox"}, environ_base={"REMOTE_ADDR": "203.0.113.7"}
    )
    assert answer.status_code == 200
    assert "you get “Newsletter” from now on" in answer.text
    (consent,) = joined(shop)
    assert (consent.topic, consent.act, consent.basis) == ("Newsletter", "confirmed", "consent")
    assert (consent.address, consent.user_agent) == ("203.0.113.7", "Firefox")
    assert consent.page == f"{shop.runtime.settings.base_url}/join"
    assert consent.wording == words.group(1)


def test_pressing_twice_agrees_once(shop: Shop, token: str) -> None:
    for _ in range(3):
        assert shop.client.post(f"/join/{token}").status_code == 200
    assert len(joined(shop)) == 1
    assert "You get “Newsletter” already" in shop.client.get(f"/join/{token}").text


def test_the_press_is_a_click_on_its_mail(shop: Shop, token: str) -> None:
    with shop.runtime.session() as session:
        session.execute(update(Enrolment).values(wake_at=None))
    for _ in range(2):
        shop.client.post(f"/join/{token}")
    (click,) = [each for each in shop.all(Event) if each.name == "click"]
    assert (click.data["sequence"], click.data["step"]) == ("tips", "hello")
    assert all(each.wake_at is not None for each in shop.all(Enrolment))


def test_having_left_this_topic_is_taken_back(shop: Shop, token: str) -> None:
    shop.client.post(f"/join/{token}")
    for _ in range(2):
        shop.client.post(f"/unsubscribe/{shop.token()}", data={"topic": "Newsletter"})
        shop.client.post(f"/unsubscribe/{shop.token()}", data={"topic": "Tips and ideas"})
        assert "Would you like" in shop.client.get(f"/join/{token}").text
        assert "from now on" in shop.client.post(f"/join/{token}").text
        assert [each.topic for each in shop.all(Suppression)] == ["Tips and ideas"]
    assert len(joined(shop)) == 3


@pytest.mark.parametrize(
    ("topic", "reason"), [(None, "unsubscribed"), (None, "bounced"), (None, "complained"), ("Newsletter", "manual")]
)
def test_whatever_else_stands_against_it_stays(shop: Shop, token: str, topic: str | None, reason: str) -> None:
    contact = shop.contact()
    with shop.runtime.session() as session:
        line = Suppression(
            address_hash=contact.address_hash, topic=topic, reason=reason, source="test", at=contact.created_at
        )
        session.add(line)
    for answer in (shop.client.get(f"/join/{token}"), shop.client.post(f"/join/{token}")):
        assert "We may not write to you" in answer.text
        assert "mia@glow.example" in answer.text
        assert "<button" not in answer.text
    assert joined(shop) == []
    assert len(shop.all(Suppression)) == 1


def test_clients_may_join_what_is_for_clients(shop: Shop, token: str) -> None:
    friends = token_for(shop, "friends")
    assert "Would you like “Friends”" in shop.client.get(f"/join/{friends}").text
    with shop.runtime.session() as session:
        session.execute(update(Contact).values(stage="client"))
    assert "You get “Friends” already" in shop.client.get(f"/join/{friends}").text
    assert (
        "You get “Your appointments” already" in shop.client.get(f"/join/{token_for(shop, 'your-appointments')}").text
    )


def test_a_topic_that_is_gone_is_no_longer_on_offer(shop: Shop, token: str) -> None:
    gone = token_for(shop, "long-gone")
    for answer in (shop.client.get(f"/join/{gone}"), shop.client.post(f"/join/{gone}")):
        assert answer.status_code == 200
        assert "no longer on offer" in answer.text
    assert joined(shop) == []


def test_a_forgotten_person_is_told_so(shop: Shop, token: str) -> None:
    with shop.runtime.session() as session:
        session.execute(delete(Contact))
    for answer in (shop.client.get(f"/join/{token}"), shop.client.post(f"/join/{token}")):
        assert answer.status_code == 200
        assert "We keep nothing about you" in answer.text


def test_it_asks_in_german_and_keeps_what_it_asked(shop: Shop, token: str) -> None:
    with shop.runtime.session() as session:
        session.execute(update(Contact).values(language="de"))
    assert "Möchtest du auch „Newsletter“?" in shop.client.get(f"/join/{token}").text
    shop.client.post(f"/join/{token}")
    (consent,) = joined(shop)
    assert str(consent.wording).startswith("Ja, Glow Studio darf mir")


def test_tokens_of_other_purposes_agree_to_nothing(shop: Shop, token: str) -> None:
    value = token.rsplit(".", 1)[0]
    for wrong in (token[:-1] + ("A" if token[-1] != "A" else "B"), value, shop.runtime.signer.sign("manage", value)):
        assert shop.client.get(f"/join/{wrong}").status_code == 404
        assert shop.client.post(f"/join/{wrong}").status_code == 404
    assert joined(shop) == []
