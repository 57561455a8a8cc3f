"""Beat lets go of whom nobody has heard of for long, and of copies of mails to those who are forgotten."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from email.message import EmailMessage
from mailbox import Maildir

import pytest

from service.actions.erase import erase
from service.local.home import Home
from service.runtime import Runtime
from service.settings import Settings
from service.store.contact import Contact
from service.store.delivery import Delivery
from service.store.journey import JourneyClock, journey_now
from tests.web.shop import Shop
from workers.beat import Beat


@pytest.fixture
def shop(settings: Settings) -> Iterator[Shop]:
    shop = Shop(Runtime(settings.model_copy(update={"form_limits": "off"})))
    shop.publish()
    yield shop
    shop.hand_on_hits()
    shop.runtime.close()


def beat(shop: Shop) -> None:
    Beat(shop.runtime, threading.Event()).prune()


def test_a_silent_lead_is_forgotten_and_a_client_is_not(shop: Shop) -> None:
    shop.sign_up("ana@example.org")
    shop.sign_up("bea@example.org")
    with shop.runtime.session() as session:
        session.get_one(Contact, shop.contact("bea@example.org").id).stage = "client"
    beat(shop)
    assert len(shop.all(Contact)) == 2
    with shop.runtime.session() as session:
        session.add(JourneyClock(id=1, at=journey_now(session) + timedelta(days=3 * 366 + 1)))
    beat(shop)
    assert [each.email for each in shop.all(Contact)] == ["bea@example.org"]


def test_copies_go_with_their_deliveries_and_other_mail_stays(shop: Shop) -> None:
    shop.sign_up("ana@example.org")
    shop.sign_up("bea@example.org")
    folder = Home(shop.runtime.settings.home).mailbox
    mailbox = Maildir(folder)
    for delivery in shop.all(Delivery):
        mailbox.add(mail(delivery.message_id))
    mailbox.add(mail("<somebody@elsewhere.example>", ours=False))
    mailbox.add(mail("<a-test@glow.example>", is_test=True))
    beat(shop)
    assert len(Maildir(folder)) == 4
    with shop.runtime.session() as session:
        erase(session, shop.contact("ana@example.org").id)
    beat(shop)
    (left,) = shop.all(Delivery)
    assert {each["Message-ID"] for each in Maildir(folder)} == {
        left.message_id,
        "<somebody@elsewhere.example>",
        "<a-test@glow.example>",
    }


def mail(message_id: str, ours: bool = True, is_test: bool = False) -> EmailMessage:
    message = EmailMessage()
    message["Message-ID"] = message_id
    if ours:
        message["Auto-Submitted"] = "auto-generated"
    if is_test:
        message["X-Everafter-Test"] = "1"
    message.set_content("Hello")
    return message
