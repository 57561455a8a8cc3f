"""A form at the counter: a card with birthday and favourites, and a box of its own for each way to be reached."""

from __future__ import annotations

import pytest

from service.actions.publish import Edition, publish
from service.domain.consent import version_of
from service.store.contact import Consent, Contact
from service.store.delivery import Delivery
from service.store.enrolment import Enrolment
from service.store.event import Event
from tests.web.shop import FILES, TIPS, Shop
from tests.web.test_forms import Page

MAIL, CALL, TEXT = (
    "Yes, Glow Studio may write to me.",
    "Yes, Glow Studio may call me.",
    "Yes, Glow Studio may send me text messages.",
)
CARDS = TIPS.replace("Tips and ideas", "Newsletter").replace("form: checklist", "form: card")
ANA = {"anniversary": "05-24", "phone": "+49 30 5550123"}


@pytest.fixture
def counter(shop: Shop) -> Shop:
    """A shop whose card begins a sequence, by a first mail that needs no consent."""
    with shop.runtime.session() as session:
        publish(session, Edition(FILES | {"sequences/card.md": CARDS.encode()}, set()))
    return shop


def test_every_box_is_empty_and_has_its_own_words(counter: Shop) -> None:
    page = counter.client.get("/forms/card").text
    boxes = {str(each["name"]): each for each in Page(page).all("input") if each.get("type") == "checkbox"}
    assert set(boxes) == {"consent_email", "consent_phone", "consent_text"}
    assert not any("checked" in each or "required" in each for each in boxes.values())
    assert all(words in page for words in (MAIL, CALL, TEXT))
    assert 'id="consent"' not in page  # the button agrees to nothing


def test_each_tick_is_a_consent_of_its_own(counter: Shop) -> None:
    answer = counter.sign_up(slug="card", consent_email="yes", consent_text="yes", **ANA)
    assert answer.status_code == 303
    consents = {each.channel: each for each in counter.all(Consent)}
    assert set(consents) == {"email", "text"}
    assert (consents["email"].topic, consents["email"].wording) == ("Newsletter", MAIL)
    assert (consents["text"].topic, consents["text"].wording) == (None, TEXT)
    assert [each.sequence for each in counter.all(Enrolment)] == ["card"]
    assert {each.form for each in consents.values()} == {"card"}
    assert {each.version for each in consents.values()} == {version_of(MAIL), version_of(TEXT)}


@pytest.mark.parametrize("known", [False, True])
def test_whoever_leaves_the_box_for_mail_empty_is_subscribed_to_nothing(counter: Shop, known: bool) -> None:
    if known:
        counter.sign_up(slug="long", first_name="Ana")
        counter.sign_up(slug="card", consent_email="yes")
        counter.sent_long_ago()
    before = [len(counter.all(table)) for table in (Consent, Enrolment, Delivery)]
    counter.sign_up(slug="card", consent_phone="yes", **ANA)
    after = [len(counter.all(table)) for table in (Consent, Enrolment, Delivery)]
    assert after == [before[0] + 1, *before[1:]]
    assert counter.all(Consent)[-1].channel == "phone"
    contact = counter.contact()
    assert (contact.phone, contact.fields["anniversary"]) == ("+49 30 5550123", "05-24")
    assert counter.all(Event)[-1].data == {"form": "card"}


@pytest.mark.parametrize("value", ["", "no", "off", "0", "false", False, None, 0, [], {}])
def test_only_a_tick_is_a_yes(counter: Shop, value: object) -> None:
    counter.client.post("/forms/card", json={"email": "ana@example.org", "consent_email": value} | ANA)
    assert not counter.all(Consent)
    assert counter.contact().fields == {"anniversary": "05-24"}


def test_a_program_ticks_with_true(counter: Shop) -> None:
    counter.client.post("/forms/card", json={"email": "ana@example.org", "consent_email": True})
    assert [each.channel for each in counter.all(Consent)] == ["email"]


def test_who_wants_to_be_called_gives_the_number(counter: Shop) -> None:
    answer = counter.client.post("/forms/card", json={"email": "ana@example.org", "consent_phone": True})
    assert answer.status_code == 422
    assert answer.json["errors"] == {"phone": "Please give the number, or take the tick away."}
    page = counter.sign_up(slug="card", consent_phone="yes", consent_email="yes")
    ticked = [each["name"] for each in Page(page.text).all("input") if "checked" in each]
    assert ticked == ["consent_email", "consent_phone"]
    assert not counter.all(Contact)
