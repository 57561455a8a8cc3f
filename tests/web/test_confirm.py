"""The button behind a confirmation's mail: looking changes nothing, pressing counts once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from service.actions.publish import Edition, publish
from service.runtime import Runtime
from service.store.contact import Consent
from service.store.enrolment import Enrolment
from service.store.event import Event
from tests.web.shop import BUSINESS, FILES, Shop

DOUBLE = """
  club:
    title: The <club>
    opt in: double
    consent: Yes, the club may write to me.
    topics: [Newsletter]
    fields:
      first_name: {}
      phone: {}
    consents:
      phone: Yes, you may call me.
"""


@pytest.fixture
def club(shop: Shop) -> Shop:
    """The shop with a double opt-in form."""
    return with_club(shop)


def with_club(shop: Shop, more: str = "") -> Shop:
    business = BUSINESS.replace("\nmagnets:", f"{DOUBLE}{more}magnets:").encode()
    with shop.runtime.session() as session:
        publish(session, Edition(FILES | {"sequences/business.yaml": business}, set()))
    return Shop(Runtime(shop.runtime.settings))


@pytest.fixture
def token(club: Shop) -> str:
    """A link in the mail to somebody who has just signed up."""
    answer = club.sign_up(slug="club", first_name="Ana", phone="030 5550123", consent_phone="yes")
    assert answer.status_code == 303
    return token_of(club)


def token_of(shop: Shop) -> str:
    return shop.runtime.signer.sign("confirm", str(request_of(shop).id))


def request_of(shop: Shop) -> Enrolment:
    with shop.runtime.session() as session:
        return session.scalars(select(Enrolment).where(Enrolment.sequence == "(confirm)")).one()


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_looking_changes_nothing(club: Shop, token: str, method: str) -> None:
    for _ in range(3):
        assert club.client.open(f"/confirm/{token}", method=method).status_code == 200
    assert request_of(club).state == "active"
    assert {each.act for each in club.all(Consent)} == {"requested"}
    assert club.all(Event) == []


def test_it_shows_what_is_agreed_to_and_one_button(club: Shop, token: str) -> None:
    answer = club.client.get(f"/confirm/{token}")
    page = answer.text
    assert "One click, and you’re in." in page
    assert "The &lt;club&gt;" in page
    assert "Yes, the club may write to me." in page
    assert "Yes, you may call me." in page
    assert page.count("<button") == 1
    assert "ana@example.org" not in page
    assert "Ana" not in page
    assert '<meta name="robots" content="noindex">' in page
    assert "Set-Cookie" not in answer.headers


def test_the_button_signs_them_up_with_its_evidence(club: Shop, token: str) -> None:
    answer = club.client.post(
        f"/confirm/{token}", headers={"User-Agent": "Safari"}, environ_base={"REMOTE_ADDR": "198.51.100.9"}
    )
    assert answer.status_code == 200
    assert "that’s confirmed" in answer.text
    assert club.contact().first_name == "Ana"
    said = [each for each in club.all(Consent) if each.act == "confirmed"]
    assert {(each.channel, each.topic, each.wording) for each in said} == {
        ("email", "Newsletter", "Yes, the club may write to me."),
        ("phone", None, "Yes, you may call me."),
    }
    for each in said:
        assert (each.address, each.user_agent, each.form) == ("198.51.100.9", "Safari", "club")
        assert each.page == f"{club.runtime.settings.base_url}/confirm"
        assert each.version
    assert [event.name for event in club.all(Event)] == ["signup"]


def test_a_repetition_says_that_it_is_done(club: Shop, token: str) -> None:
    club.client.post(f"/confirm/{token}")
    for answer in (club.client.post(f"/confirm/{token}"), club.client.get(f"/confirm/{token}")):
        assert answer.status_code == 200
        assert "confirmed already" in answer.text
        assert "<button" not in answer.text
    assert len(club.all(Event)) == 1


def test_too_late_is_said_with_the_way_to_begin_again(club: Shop, token: str) -> None:
    with club.runtime.session() as session:
        session.execute(update(Enrolment).values(date_at=Enrolment.entered_at - timedelta(days=1)))
    for answer in (club.client.post(f"/confirm/{token}"), club.client.get(f"/confirm/{token}")):
        assert "This took too long." in answer.text
        assert "/forms/club" in answer.text
        assert "<button" not in answer.text
    assert club.all(Event) == []


def test_whoever_was_forgotten_is_told_so(club: Shop, token: str) -> None:
    with club.runtime.session() as session:
        session.delete(session.get_one(type(club.contact()), club.contact().id))
    for answer in (club.client.get(f"/confirm/{token}"), club.client.post(f"/confirm/{token}")):
        assert answer.status_code == 200
        assert "There is nothing to confirm." in answer.text


def test_a_token_of_another_kind_or_altered_is_none(club: Shop, token: str) -> None:
    request = request_of(club)
    for wrong in (f"{token}x", token[:-1], club.runtime.signer.sign("address", str(request.id))):
        assert club.client.post(f"/confirm/{wrong}").status_code == 404
    assert request_of(club).state == "active"


def test_the_page_speaks_the_language_of_the_form(shop: Shop) -> None:
    club = with_club(shop, "languages: [de, en]\n")
    club.sign_up("ben@example.org", slug="club")
    page = club.client.get(f"/confirm/{token_of(club)}").text
    assert 'lang="de"' in page
    assert "Ein Klick, und du bist dabei." in page


def test_the_answer_is_the_same_for_known_and_unknown(club: Shop, token: str) -> None:
    club.client.post(f"/confirm/{token}")
    answers = [club.sign_up(who, slug="club") for who in ("ana@example.org", "new@example.org", "ana@example.org")]
    assert len({(each.status_code, each.headers["Location"], each.text) for each in answers}) == 1
