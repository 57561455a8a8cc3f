"""What a person gets from us, topic by topic."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import update

from service.store.contact import Contact, Suppression
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


@pytest.mark.parametrize("data", [{}, {"topic": "No such topic"}, {"topic": "Your appointments"}])
def test_an_unclear_choice_changes_nothing(shop: Shop, token: str, data: dict[str, str]) -> None:
    answer = shop.client.post(f"/preferences/{token}", data=data)
    assert answer.status_code == 422
    assert "Nothing was changed" in answer.text
    assert not shop.all(Suppression)
