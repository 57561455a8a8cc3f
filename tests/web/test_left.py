"""After leaving: for an hour a way back, and room to say why for whoever likes."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import delete, select, update

from service.actions.suppress import suppress
from service.store.contact import Consent, Contact, Suppression
from service.store.enrolment import Enrolment
from service.store.event import Event
from service.store.leaving import Leaving, LeavingTally
from service.web.api.sentences import event_sentence
from tests.web.shop import Shop

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def token(shop: Shop) -> str:
    shop.sign_up()
    return shop.token()


@pytest.fixture
def left(shop: Shop, token: str) -> str:
    """The path behind a leaving by one click."""
    return path_of(shop.client.post(f"/unsubscribe/{token}", data=ONE_CLICK).text)


def path_of(page: str) -> str:
    found = re.search(r'action="(/left/[^"]+)"', page)
    assert found is not None
    return found[1]


def later(shop: Shop, by: timedelta) -> None:
    """The leaving was that much earlier."""
    with shop.runtime.session() as session:
        session.execute(update(Leaving).values(at=Leaving.at - by))


def reasons(shop: Shop) -> dict[str, int]:
    return {each.reason: each.count for each in shop.all(LeavingTally) if each.count}


def test_a_press_takes_it_back(shop: Shop, token: str, left: str) -> None:
    answer = shop.client.post(left, data={"undo": "yes"})
    assert answer.status_code == 200
    assert "Welcome back." in answer.text
    assert not {"Location", "Set-Cookie"} & set(answer.headers.keys())
    assert not shop.all(Suppression)
    assert {each.state for each in shop.all(Enrolment)} == {"active"}
    page = shop.client.get(f"/preferences/{token}").text
    assert 'name="topic" value="Newsletter"' in page
    assert "You are back already" in shop.client.post(left, data={"undo": "yes"}).text


def test_one_topic_is_taken_back_from_the_preferences(shop: Shop, token: str) -> None:
    page = shop.client.post(f"/preferences/{token}", data={"topic": "Newsletter"}).text
    assert 'role="status"' in page
    assert "Undo: get “Newsletter” again as before" in page
    shop.client.post(path_of(page), data={"undo": "yes"})
    assert 'name="topic" value="Newsletter"' in shop.client.get(f"/preferences/{token}").text


def test_after_an_hour_it_says_so_kindly(shop: Shop, left: str) -> None:
    later(shop, timedelta(minutes=61))
    assert "Undo" not in shop.client.get(left).text
    answer = shop.client.post(left, data={"undo": "yes"})
    assert answer.status_code == 200
    assert "more than an hour ago" in answer.text
    assert len(shop.all(Suppression)) == 1


def test_looking_takes_nothing_back(shop: Shop, left: str) -> None:
    for method in ("GET", "HEAD"):
        assert shop.client.open(f"{left}?undo=yes&because=too-often", method=method).status_code == 200
    assert len(shop.all(Suppression)) == 1
    assert not reasons(shop)


def test_an_altered_token_or_one_for_another_page_takes_nothing_back(shop: Shop, token: str, left: str) -> None:
    number = left.rpartition("/")[2].partition(".")[0]
    others = [shop.runtime.signer.sign(purpose, number) for purpose in ("manage", "confirm", "forget", "address")]
    for wrong in (f"{left}x", f"/left/{token}", *(f"/left/{each}" for each in others)):
        assert shop.client.post(wrong, data={"undo": "yes"}).status_code == 404
        assert shop.client.get(wrong).status_code == 404
    assert len(shop.all(Suppression)) == 1


def test_the_reason_is_asked_after_it_is_done_and_never_before(shop: Shop, token: str) -> None:
    for path in (f"/unsubscribe/{token}", f"/preferences/{token}"):
        assert "because" not in shop.client.get(path).text
    answer = shop.client.post(f"/unsubscribe/{token}", data=ONE_CLICK)
    assert 'name="because"' in answer.text
    assert len(shop.all(Suppression)) == 1, "it is done whatever is said now"


def test_a_reason_is_kept_with_the_leaving_and_counted_without_a_name(shop: Shop, left: str) -> None:
    answer = shop.client.post(left, data={"because": "too-often", "note": "Twice a week!"})
    assert "Thank you." in answer.text
    (event,) = (each for each in shop.all(Event) if each.name == "left-because")
    assert event.data == {"reason": "too-often", "note": "Twice a week!", "topic": None}
    (act,) = (each for each in shop.all(Consent) if each.act == "withdrawn")
    assert event.about == f"left:{act.id}"
    assert reasons(shop) == {"too-often": 1}
    with shop.runtime.session() as session:
        session.execute(delete(Contact))
    assert reasons(shop) == {"too-often": 1}
    told = shop.client.get("/metrics").text
    assert 'everafter_left_because{reason="too-often"} 1.0' in told
    assert "Twice" not in told


def test_another_reason_replaces_the_first_and_the_same_counts_once(shop: Shop, left: str) -> None:
    for because in ("too-often", "too-often", "no-longer"):
        shop.client.post(left, data={"because": because})
    assert reasons(shop) == {"no-longer": 1}
    stands = [each.data["reason"] for each in shop.all(Event) if each.name == "left-because" and not each.replaced]
    assert stands == ["no-longer"]


@pytest.mark.parametrize(
    ("data", "kept"),
    [
        ({}, []),
        ({"because": "no such reason"}, []),
        ({"note": " only words "}, [("other", "only words")]),
        ({"because": "never-asked", "note": ""}, [("never-asked", None)]),
    ],
)
def test_a_reason_may_be_left_out(
    shop: Shop, left: str, data: dict[str, str], kept: list[tuple[str, str | None]]
) -> None:
    assert shop.client.post(left, data=data).status_code == 200
    found = [each.data for each in shop.all(Event) if each.name == "left-because"]
    assert [(each["reason"], each["note"]) for each in found] == kept


@pytest.mark.parametrize("note", ["x" * 301, "two\nlines", "a\u202eb"])
def test_too_many_words_are_refused_and_nothing_is_lost(shop: Shop, left: str, note: str) -> None:
    answer = shop.client.post(left, data={"because": "too-often", "note": note})
    assert answer.status_code == 422
    assert "at most 300 characters" in answer.text
    assert 'value="too-often" checked' in answer.text
    assert not reasons(shop)


def test_the_reason_stands_in_the_timeline_in_words(shop: Shop, left: str) -> None:
    shop.client.post(left, data={"because": "too-often", "note": "Twice a week!"})
    shop.client.post(left, data={"undo": "yes"})
    published = shop.runtime.published()
    said = [event_sentence(each, published) for each in shop.all(Event) if each.name in {"left-because", "came-back"}]
    assert said == [
        "Gave a reason for leaving: too much mail, saying “Twice a week!”.",
        "Took back within the hour that they had left.",
    ]


def test_nobody_gives_reasons_without_end(open_shop: Callable[..., Shop]) -> None:
    shop = open_shop(form_limits="3/minute")
    shop.publish()
    shop.sign_up()
    path = path_of(shop.client.post(f"/unsubscribe/{shop.token()}", data=ONE_CLICK).text)
    statuses = [shop.client.post(path, data={"because": "other", "note": str(each)}).status_code for each in range(4)]
    assert statuses == [200, 200, 429, 429], "the signup counted as well"
    assert shop.client.post(path, data={"undo": "yes"}).status_code == 200, "coming back is never refused"
    assert not shop.all(Suppression)


def test_a_form_that_is_no_form_is_refused(shop: Shop, left: str) -> None:
    assert shop.client.post(left, data=b"{", content_type="application/json").status_code in {400, 422}
    assert shop.client.post(left, data=b"x" * 200_000, content_type="text/plain").status_code in {413, 415}


def test_whoever_was_forgotten_since_is_told_so(shop: Shop, left: str) -> None:
    with shop.runtime.session() as session:
        session.execute(delete(Contact))
        assert session.scalars(select(Leaving)).all() == []
    for data in ({"undo": "yes"}, {"because": "too-often"}):
        answer = shop.client.post(left, data=data)
        assert answer.status_code == 200
        assert "nothing left to do" in answer.text
    assert not reasons(shop)


@pytest.mark.parametrize("pruned", [False, True])
def test_a_second_visit_to_a_leaving_of_yesterday_adds_nothing_and_offers_no_way_back(
    shop: Shop, token: str, left: str, pruned: bool
) -> None:
    later(shop, timedelta(days=1))
    if pruned:
        with shop.runtime.session() as session:
            session.execute(delete(Leaving))
    kept = [shop.all(table) for table in (Consent, Event, Suppression, Leaving)]
    for _ in range(3):
        again = shop.client.post(f"/unsubscribe/{token}", data=ONE_CLICK)
        assert again.status_code == 200
        assert 'name="undo"' not in again.text
        assert path_of(again.text) == left
    assert [len(shop.all(table)) for table in (Consent, Event, Suppression, Leaving)] == [len(each) for each in kept]


def test_whom_somebody_else_put_on_the_list_may_still_say_so_once(shop: Shop) -> None:
    shop.sign_up(slug="card", anniversary="05-24")
    ana = shop.contact()
    with shop.runtime.session() as session:
        suppress(session, ana, ana.created_at, topic=None, reason="unsubscribed", source="import")
    for _ in range(3):
        token = shop.runtime.signer.sign("manage", f"{ana.id}.1")
        assert shop.client.post(f"/unsubscribe/{token}", data=ONE_CLICK).status_code == 200
    assert [each.act for each in shop.all(Consent)] == ["withdrawn"]
    assert [each.name for each in shop.all(Event)] == ["signup", "unsubscribed"]
