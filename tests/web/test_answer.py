"""The link behind an answer: opening it says nothing, the button does."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from sqlalchemy import delete, update

from service.store.contact import Contact
from service.store.enrolment import Enrolment
from service.store.event import Event
from tests.web import colleague
from tests.web.shop import Shop


@pytest.fixture
def token(visited: Shop) -> str:
    return token_of(visited)


def token_of(shop: Shop, value: str = "unhappy") -> str:
    return shop.runtime.signer.sign("answer", f"{colleague.mail(shop.runtime, shop.contact().id)}.{value}")


def answers(shop: Shop) -> list[tuple[str, str | None]]:
    return [(event.data["value"], event.data["note"]) for event in shop.all(Event) if not event.replaced]


def speak(shop: Shop, language: str) -> None:
    with shop.runtime.session() as session:
        session.execute(update(Contact).values(language=language))


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_opening_the_link_answers_nothing(visited: Shop, token: str, method: str) -> None:
    answer = visited.client.open(f"/answer/{token}", method=method)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "script-src" not in answer.headers["Content-Security-Policy"]
    assert answers(visited) == []


def test_the_page_shows_the_chosen_answer_its_question_and_the_others(visited: Shop, token: str) -> None:
    page = visited.client.get(f"/answer/{token}").text
    assert "<h1>How is your hair, Ana?</h1>" in page
    radios = re.findall(r'value="([a-z]+)" required( checked)?> ([^<]+)</label>', page)
    assert radios == [("happy", "", "I love it"), ("unhappy", " checked", "Something isn&#39;t right")]
    assert page.count("<button") == 1
    assert '<html lang="en"' in page
    assert 'name="robots" content="noindex"' in page
    assert "ana@example.org" not in page


def test_the_button_answers(visited: Shop, token: str) -> None:
    answer = visited.client.post(f"/answer/{token}", data={"answer": "unhappy", "note": "Too short.\r\nSorry!"})
    assert answer.status_code == 200
    assert not {"Location", "Set-Cookie"} & set(answer.headers.keys())
    assert "Your answer “Something isn&#39;t right” has reached us." in answer.text
    assert answers(visited) == [("unhappy", "Too short.\nSorry!")]


def test_another_answer_can_be_chosen_and_replaces_the_first(visited: Shop, token: str) -> None:
    visited.client.post(f"/answer/{token}", data={"answer": "unhappy"})
    visited.client.post(f"/answer/{token}", data={"answer": "happy"})
    assert answers(visited) == [("happy", None)]


def test_a_post_without_fields_is_the_answer_of_the_link(visited: Shop, token: str) -> None:
    assert visited.client.post(f"/answer/{token}").status_code == 200
    assert answers(visited) == [("unhappy", None)]


def test_an_answer_that_nobody_offered_is_refused(visited: Shop, token: str) -> None:
    answer = visited.client.post(f"/answer/{token}", data={"answer": "furious", "note": "Grr"})
    assert answer.status_code == 422
    assert "Please choose one of these answers." in answer.text
    assert ">Grr</textarea>" in answer.text
    assert answers(visited) == []


@pytest.mark.parametrize("note", ["x" * 2_001, "a\x00b", "a\u202eb"])
def test_words_that_cannot_be_taken_are_given_back(visited: Shop, token: str, note: str) -> None:
    answer = visited.client.post(f"/answer/{token}", data={"answer": "happy", "note": note})
    assert answer.status_code == 422
    assert "at most 2,000 characters" in answer.text
    assert 'value="happy" required checked' in answer.text
    assert answers(visited) == []


def test_a_note_is_data_and_no_html(visited: Shop, token: str) -> None:
    answer = visited.client.post(f"/answer/{token}", data={"answer": "furious", "note": "</textarea><b>"})
    assert "<b>" not in answer.text


def test_the_page_speaks_the_persons_language(visited: Shop, token: str) -> None:
    speak(visited, "de-AT")
    page = visited.client.get(f"/answer/{token}").text
    assert '<html lang="de"' in page
    assert "Antwort abschicken" in page
    assert "<h1>Wie sind deine Haare, Ana?</h1>" in page
    assert "Ich liebe sie" in page
    assert "ist angekommen" in visited.client.post(f"/answer/{token}").text


def test_an_altered_token_and_one_of_another_purpose_do_nothing(visited: Shop, token: str) -> None:
    value = token.rsplit(".", 1)[0]
    flipped = token[:-1] + ("A" if token[-1] != "A" else "B")
    others = [visited.runtime.signer.sign(purpose, value) for purpose in ("open", "manage", "task")]
    for wrong in (flipped, token.replace("unhappy", "happy"), value, "x", token + "/", *others):
        for answer in (visited.client.get(f"/answer/{wrong}"), visited.client.post(f"/answer/{wrong}")):
            assert answer.status_code == 404
            assert "copy it whole" in answer.text
    assert answers(visited) == []


def test_the_forgotten_are_told_so(visited: Shop, token: str) -> None:
    with visited.runtime.session() as session:
        session.execute(delete(Contact))
    for answer in (visited.client.get(f"/answer/{token}"), visited.client.post(f"/answer/{token}")):
        assert answer.status_code == 200
        assert "nothing to answer any more" in answer.text
    assert answers(visited) == []


def test_an_answer_outlives_its_words(visited: Shop, token: str) -> None:
    with visited.runtime.session() as session:
        session.execute(update(Enrolment).values(sequence="long-gone"))
    assert "unhappy" in visited.client.get(f"/answer/{token}").text
    assert visited.client.post(f"/answer/{token}").status_code == 200
    assert answers(visited) == [("unhappy", None)]


def test_nobody_answers_the_same_mail_all_day(open_shop: Callable[..., Shop], visited: Shop, token: str) -> None:
    busy = open_shop(form_limits="3/minute")
    codes = [busy.client.post(f"/answer/{token}", data={"note": str(number)}).status_code for number in range(5)]
    assert codes == [200, 200, 200, 429, 429]
    refused = busy.client.post(f"/answer/{token}", data={"note": "again"})
    assert int(refused.headers["Retry-After"]) > 0
    assert len(visited.all(Event)) == 3
