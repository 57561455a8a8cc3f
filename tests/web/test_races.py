"""What fifty do at once with one person leaves exactly one of each: real threads, the real app, a real database."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TypeVar

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from service.actions.grant import grant
from service.actions.look_after_referrals import look_after_referrals
from service.actions.publish import Edition, publish
from service.domain.access import OF_THE_API
from service.domain.system_mail import SystemMail
from service.store.contact import Consent, Contact, Suppression
from service.store.delivery import Delivery
from service.store.engine import MOST_CONNECTIONS
from service.store.enrolment import Enrolment
from service.store.event import Event
from service.store.journey import journey_now
from service.store.leaving import Leaving
from service.store.referral import Referral, give_codes
from service.store.reward import Reward, RewardRecord
from tests.web.shop import BUSINESS, FILES, TIPS, Shop

MANY = 50
THREADS = MOST_CONNECTIONS  # more would wait for a connection, and whoever does so for 5 s is asked to come again
LETTERS = TIPS.replace("form: checklist", "form: letters").replace("title: Tips", "title: Letters")
MORE = """
events: {visit.completed: {}}
people: {owner: mia@glow.example}
referral: {referrer: {text: a treatment}, friend: {text: a welcome}, wait: 1 day}
"""
DOUBLE = "forms:\n  letters: {topics: [Newsletter], opt in: double, magnet: checklist}\n"
ANA = "ana@example.org"

Found = TypeVar("Found")


@pytest.fixture
def crowded(shop: Shop) -> Shop:
    """The shop with a double opt-in form and a programme for referrals."""
    business = (BUSINESS.replace("forms:\n", DOUBLE, 1) + MORE).encode()
    written = {"sequences/business.yaml": business, "sequences/letters.md": LETTERS.encode()}
    with shop.runtime.session() as session:
        publish(session, Edition(FILES | written, set()))
    return shop


def at_once(shop: Shop, do: Callable[[FlaskClient], Found]) -> Counter[Found]:
    """What came of it, each with how often; as many as there are threads begin in the same moment."""
    start = threading.Barrier(THREADS)

    def one(number: int) -> Found:
        if number < THREADS:
            start.wait(timeout=120)
        return do(shop.client.application.test_client(use_cookies=False))

    with ThreadPoolExecutor(THREADS) as pool:
        return Counter(pool.map(one, range(MANY)))


def sign_up(client: FlaskClient, slug: str) -> int:
    return client.post(f"/forms/{slug}", data={"email": ANA}).status_code


def sequences(shop: Shop) -> list[str]:
    return sorted(each.sequence for each in shop.all(Enrolment))


def test_signups_of_one_person_make_one_contact_and_one_enrolment(crowded: Shop) -> None:
    assert at_once(crowded, lambda client: client.post("/forms/checklist", data={"email": ANA}).status_code) == {
        303: MANY
    }
    assert len(crowded.all(Contact)) == 1
    assert sequences(crowded) == ["tips"]
    assert [each.step for each in crowded.all(Delivery)] == ["hello"]


def test_signups_that_wait_and_their_confirmations_count_once(crowded: Shop) -> None:
    assert at_once(crowded, lambda client: client.post("/forms/letters", data={"email": ANA}).status_code) == {
        303: MANY
    }
    (asked,) = crowded.all(Enrolment)
    assert asked.sequence == SystemMail.CONFIRM
    assert len(crowded.all(Delivery)) == 1
    path = f"/confirm/{crowded.runtime.signer.sign('confirm', str(asked.id))}"
    assert at_once(crowded, lambda client: client.post(path).status_code) == {200: MANY}
    assert Counter((each.topic, each.act) for each in crowded.all(Consent))["Newsletter", "confirmed"] == 1
    assert sequences(crowded) == [SystemMail.CONFIRM, "letters"]
    assert Counter(each.name for each in crowded.all(Event))["signup"] == 1


@pytest.mark.parametrize("topic", [None, "Newsletter"])
def test_unsubscribes_of_one_person_leave_once(crowded: Shop, topic: str | None) -> None:
    crowded.sign_up(ANA)
    path = f"/unsubscribe/{crowded.token()}"
    data = {"List-Unsubscribe": "One-Click"} | ({"topic": topic, "by": "page"} if topic else {})
    assert at_once(crowded, lambda client: client.post(path, data=data).status_code) == {200: MANY}
    assert [(each.topic, each.reason) for each in crowded.all(Suppression)] == [(topic, "unsubscribed")]
    assert [each.topic for each in crowded.all(Leaving)] == [topic]
    assert Counter(each.act for each in crowded.all(Consent))["withdrawn"] == 1
    assert Counter(each.name for each in crowded.all(Event))["unsubscribed"] == 1


def test_qualifications_of_one_friend_are_rewarded_once(crowded: Shop) -> None:
    crowded.sign_up(ANA)
    with crowded.runtime.session() as session:
        headers = {"Authorization": f"Bearer {grant(session, 'booking', OF_THE_API)}"}
        (code,) = give_codes(session, [crowded.contact().id]).values()
    come = {"email": "ben@example.org", "ref": code}
    elsewhere = {"REMOTE_ADDR": "203.0.113.80"}
    signed = at_once(
        crowded, lambda client: client.post("/forms/checklist", data=come, environ_base=elsewhere).status_code
    )
    assert signed == {303: MANY}
    (referral,) = crowded.all(Referral)
    told = {"email": "ben@example.org", "name": "visit.completed"}
    heard = at_once(crowded, lambda client: client.post("/api/v1/events", json=told, headers=headers).status_code)
    assert heard == {202: MANY}
    assert Counter(each.name for each in crowded.all(Event))["referral.qualified"] == 1
    for days in (0, 2):
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda _, days=days: look_after(crowded, days), range(8)))
    rewards = crowded.all(Reward)
    assert sorted((each.side, each.state) for each in rewards) == [("friend", "granted"), ("referrer", "granted")]
    assert {each.referral_id for each in rewards} == {referral.id}
    assert Counter(each.state for each in crowded.all(RewardRecord))["granted"] == 2


def look_after(shop: Shop, days: int) -> None:
    """As each of several workers does, so many days from now."""
    with shop.runtime.session() as session:
        look_after_referrals(session, shop.runtime.published(), journey_now(session) + timedelta(days=days))


def test_asking_for_an_old_magnet_sends_one_mail(crowded: Shop) -> None:
    crowded.sign_up(ANA)
    path = f"/magnets/{crowded.magnet_token()}"
    with crowded.runtime.session() as session:
        long_ago = journey_now(session) - timedelta(days=100)
        session.execute(update(Delivery).values(state="sent", sent_at=long_ago, due_at=long_ago))
    assert at_once(crowded, lambda client: client.post(path).status_code) == {200: MANY}
    with crowded.runtime.session() as session:
        occasions = session.scalars(select(Delivery.occasion).order_by(Delivery.occasion)).all()
    assert list(occasions) == [0, 1]
