"""Leaving: RFC 8058's one click, and the page."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from sqlalchemy import delete, update

from service.domain.consent import version_of
from service.store.contact import Consent, Contact, Suppression
from service.store.delivery import Delivery
from service.store.enrolment import Enrolment
from tests.web.shop import Shop

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def token(shop: Shop) -> str:
    shop.sign_up()
    return shop.token()


def withdrawn(shop: Shop) -> list[tuple[str | None, str]]:
    return [(each.topic, each.source) for each in shop.all(Consent) if each.act == "withdrawn"]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_looking_changes_nothing(shop: Shop, token: str, method: str) -> None:
    answer = shop.client.open(f"/unsubscribe/{token}", method=method)
    assert answer.status_code == 200
    assert not shop.all(Suppression)
    assert not withdrawn(shop)


@pytest.mark.parametrize("packing", ["application/x-www-form-urlencoded", "multipart/form-data"])
def test_one_click_leaves_all_marketing(shop: Shop, token: str, packing: str) -> None:
    for _ in range(2):
        answer = shop.client.post(f"/unsubscribe/{token}", data=ONE_CLICK, content_type=packing)
        assert answer.status_code == 200
        assert not {"Location", "Set-Cookie"} & set(answer.headers.keys())
    assert [(each.topic, each.reason) for each in shop.all(Suppression)] == [(None, "unsubscribed")]
    assert set(withdrawn(shop)) == {(None, "one-click")}
    assert {each.state for each in shop.all(Delivery)} == {"cancelled"}
    assert {each.state for each in shop.all(Enrolment)} == {"left"}


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("", b""),
        ("text/plain", b"anything"),
        ("application/x-www-form-urlencoded", b"\xff=%ff"),
        ("multipart/form-data", b"no boundary"),
        ("application/json", b"{"),
        ("application/x-www-form-urlencoded", b"x" * 200_000),
    ],
)
def test_a_mail_programs_post_counts_whatever_it_holds(shop: Shop, token: str, kind: str, body: bytes) -> None:
    answer = shop.client.post(f"/unsubscribe/{token}", data=body, content_type=kind or None)
    assert answer.status_code == 200
    assert len(shop.all(Suppression)) == 1


def test_the_pages_first_button_leaves_everything(shop: Shop, token: str) -> None:
    page = shop.client.get(f"/unsubscribe/{token}").text
    first = page[page.index("<form") : page.index("</form>")]
    fields = dict(re.findall(r'name="([^"]+)" value="([^"]+)"', first))
    answer = shop.client.post(f"/unsubscribe/{token}", data=fields)
    assert answer.status_code == 200
    assert "Done" in answer.text
    assert "Your appointments" in answer.text
    assert withdrawn(shop) == [(None, "page")]
    (act,) = (each for each in shop.all(Consent) if each.act == "withdrawn")
    assert (act.address, act.page) == ("127.0.0.1", f"{shop.runtime.settings.base_url}/unsubscribe")
    assert act.wording == "Unsubscribe from everything"
    assert act.version == version_of("Unsubscribe from everything")
    assert act.user_agent


def test_one_topic_is_a_second_choice(shop: Shop, token: str) -> None:
    assert "Only leave “Tips and ideas”" in shop.client.get(f"/unsubscribe/{token}").text
    answer = shop.client.post(f"/unsubscribe/{token}", data={"topic": "Tips and ideas", "by": "page"})
    assert answer.status_code == 200
    assert [each.topic for each in shop.all(Suppression)] == ["Tips and ideas"]
    assert "Newsletter" in shop.client.get(f"/preferences/{token}").text


def test_a_topic_that_is_none_leaves_everything_as_it_is(shop: Shop, token: str) -> None:
    assert shop.client.post(f"/unsubscribe/{token}", data={"topic": "No such topic"}).status_code == 422
    assert not shop.all(Suppression)


def test_an_altered_token_and_one_of_another_purpose_do_nothing(shop: Shop, token: str) -> None:
    value = token.rsplit(".", 1)[0]
    flipped = token[:-1] + ("A" if token[-1] != "A" else "B")
    others = [shop.runtime.signer.sign(purpose, value) for purpose in ("open", "click", "magnet")]
    for wrong in (flipped, "1" + token, value, "x", token + "/", token + "\0", *others):
        for path in (f"/unsubscribe/{wrong}", f"/preferences/{wrong}"):
            assert shop.client.get(path).status_code == 404
            answer = shop.client.post(path, data=ONE_CLICK | {"all": "yes"})
            assert answer.status_code == 404
            assert "copy it whole" in answer.text
    assert not shop.all(Suppression)


def test_a_forgotten_person_can_still_leave(shop: Shop, token: str) -> None:
    with shop.runtime.session() as session:
        session.execute(delete(Contact))
    assert shop.client.get(f"/unsubscribe/{token}").status_code == 200
    answer = shop.client.post(f"/unsubscribe/{token}", data=ONE_CLICK)
    assert answer.status_code == 200
    assert "nothing left to do" in answer.text
    assert shop.client.get(f"/preferences/{token}").status_code == 200


def test_a_link_works_after_its_mails_sequence_is_gone(shop: Shop, token: str) -> None:
    with shop.runtime.session() as session:
        session.execute(update(Enrolment).values(sequence="long-gone"))
    assert "Only leave" not in shop.client.get(f"/unsubscribe/{token}").text
    assert shop.client.post(f"/unsubscribe/{token}", data=ONE_CLICK).status_code == 200
    assert len(shop.all(Suppression)) == 1


def test_an_old_link_outlives_its_key(open_shop: Callable[..., Shop]) -> None:
    old, new = "o" * 40, "n" * 40
    shop = open_shop(form_limits="off", secret_keys=(old,))
    shop.publish()
    shop.sign_up()
    token = shop.token()
    rotated = open_shop(form_limits="off", secret_keys=(new, old))
    assert rotated.token() != token
    assert rotated.client.post(f"/unsubscribe/{token}", data=ONE_CLICK).status_code == 200
    assert len(shop.all(Suppression)) == 1


def test_no_address_stands_in_a_page_whole(shop: Shop, token: str) -> None:
    for path in (f"/unsubscribe/{token}", f"/preferences/{token}"):
        page = shop.client.get(path).text
        assert "a…@example.org" in page
        assert "ana@example.org" not in page
        assert 'name="robots" content="noindex"' in page
