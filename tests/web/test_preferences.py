"""What a person gets from us, topic by topic."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from sqlalchemy import update

from service.store.contact import Consent, Contact, Suppression
from service.store.delivery import Delivery
from service.store.event import Event
from tests.web.shop import Shop


@pytest.fixture
def token(shop: Shop) -> str:
    shop.sign_up()
    return shop.token()


def leavable(page: str) -> list[str]:
    return re.findall(r'name="topic" value="([^"]+)"', page)


def test_it_lists_what_comes(shop: Shop, token: str) -> None:
    page = shop.client.get(f"/preferences/{token}").text
    assert leavable(page) == ["Tips and ideas", "Newsletter"]
    assert "comes with what you book" in page
    assert "Friends" not in page
    with shop.runtime.session() as session:
        session.execute(update(Contact).values(stage="client"))
    assert leavable(shop.client.get(f"/preferences/{token}").text) == ["Tips and ideas", "Newsletter", "Friends"]
    assert not shop.all(Suppression)


def test_one_topic_is_left_and_the_others_stay(shop: Shop, token: str) -> None:
    answer = shop.client.post(f"/preferences/{token}", data={"topic": "Newsletter"})
    assert answer.status_code == 200
    assert "You have left “Newsletter”" in answer.text
    assert leavable(answer.text) == ["Tips and ideas"]
    assert [each.topic for each in shop.all(Suppression)] == ["Newsletter"]


def test_everything_is_left_at_once(shop: Shop, token: str) -> None:
    answer = shop.client.post(f"/preferences/{token}", data={"all": "yes"})
    assert answer.status_code == 200
    assert not leavable(answer.text)
    assert "No marketing mail goes to" in answer.text
    assert [each.topic for each in shop.all(Suppression)] == [None]


UNCLEAR = [
    {},
    {"topic": "No such topic"},
    {"topic": "Your appointments"},
    {"again": "No such topic"},
    {"again": "Your appointments"},
    {"less": "perhaps"},
]


@pytest.mark.parametrize("data", UNCLEAR)
def test_an_unclear_choice_changes_nothing(shop: Shop, token: str, data: dict[str, str]) -> None:
    answer = shop.client.post(f"/preferences/{token}", data=data)
    assert answer.status_code == 422
    assert "Nothing was changed" in answer.text
    assert not shop.all(Suppression)


def test_a_topic_that_was_left_can_be_had_again(shop: Shop, token: str) -> None:
    shop.client.post(f"/preferences/{token}", data={"topic": "Newsletter"})
    answer = shop.client.post(f"/preferences/{token}", data={"again": "Newsletter"})
    assert answer.status_code == 200
    assert "you get “Newsletter” again" in answer.text
    assert leavable(answer.text) == ["Tips and ideas", "Newsletter"]
    assert not shop.all(Suppression)
    act = shop.all(Consent)[-1]
    assert (act.topic, act.act, act.wording) == ("Newsletter", "confirmed", "Newsletter: Get it again")
    assert act.page.endswith("/preferences")


def test_who_has_left_everything_gets_nothing_again_by_a_press(shop: Shop, token: str) -> None:
    shop.client.post(f"/preferences/{token}", data={"topic": "Newsletter"})
    shop.client.post(f"/preferences/{token}", data={"all": "yes"})
    assert "Get it again" not in shop.client.get(f"/preferences/{token}").text
    answer = shop.client.post(f"/preferences/{token}", data={"again": "Newsletter"})
    assert "We may not write to you" in answer.text
    assert not leavable(answer.text)


def test_less_often_is_wished_for_and_taken_back(shop: Shop, token: str) -> None:
    assert 'id="less-often"' in shop.client.get(f"/preferences/{token}").text
    assert not shop.contact().less_often
    answer = shop.client.post(f"/preferences/{token}", data={"less": "yes"})
    assert "less often from now on" in answer.text
    assert 'name="less" value="no"' in answer.text
    assert shop.contact().less_often
    shop.client.post(f"/preferences/{token}", data={"less": "yes"})
    shop.client.post(f"/preferences/{token}", data={"less": "no"})
    assert not shop.contact().less_often
    assert [each.data for each in shop.all(Event) if each.name == "less-often"] == [{"wish": True}, {"wish": False}]


def test_what_pressure_held_is_looked_at_again_by_another_wish(shop: Shop, token: str) -> None:
    later = datetime(2030, 1, 1, tzinfo=UTC)
    with shop.runtime.session() as session:
        session.execute(update(Delivery).values(state="held", rule="pressure", wake_at=later))
    shop.client.post(f"/preferences/{token}", data={"less": "yes"})
    assert all(each.wake_at < later for each in shop.all(Delivery))


def test_opening_the_page_changes_nothing(shop: Shop, token: str) -> None:
    before = len(shop.all(Event)), len(shop.all(Consent))
    shop.client.get(f"/preferences/{token}?less=yes&again=Newsletter&all=yes")
    assert not shop.contact().less_often
    assert not shop.all(Suppression)
    assert (len(shop.all(Event)), len(shop.all(Consent))) == before


def test_a_token_of_somebody_else_s_making_leads_nowhere(shop: Shop, token: str) -> None:
    forged = token[:-2] + ("AA" if not token.endswith("AA") else "BB")
    assert shop.client.post(f"/preferences/{forged}", data={"less": "yes"}).status_code == 404
    assert not shop.contact().less_often
