"""The link in a mail to a colleague: what is to be done, how it went, later, or not at all."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from sqlalchemy import delete, update

from service.actions.receive_event import Seen, receive_event
from service.actions.settle_task import settle_task
from service.store.contact import Contact, lock_contacts
from service.store.journey import JourneyClock
from service.store.task import Task
from tests.domain.stories import at
from tests.web import colleague
from tests.web.shop import Shop

FRIDAY = at("2026-11-20 10:00")


@pytest.fixture
def token(visited: Shop) -> str:
    with visited.runtime.session() as session:
        session.add(JourneyClock(id=1, at=FRIDAY))
        session.execute(update(Contact).values(phone="+49 30 555 0123", address="Hof 3\n10115 Berlin", company="<Co>"))
    return token_of(visited, colleague.task(visited.runtime, visited.contact().id))


def token_of(shop: Shop, task: int, value: str = "voicemail") -> str:
    return shop.runtime.signer.sign("task", f"{task}.{value}")


def the_task(shop: Shop) -> Task:
    [task] = shop.all(Task)
    return task  # type: ignore[no-any-return]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_opening_the_link_settles_nothing(visited: Shop, token: str, method: str) -> None:
    assert visited.client.open(f"/task/{token}", method=method).status_code == 200
    assert the_task(visited).state == "open"


def test_the_page_says_what_for_whom_and_by_when(visited: Shop, token: str) -> None:
    answer = visited.client.get(f"/task/{token}")
    page = answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert "<h1>Call · Ana</h1>" in page
    assert "Ana is not happy at &lt;Co&gt;." in page  # a value is data
    assert "<strong>listen</strong>" in page
    assert '<a href="https://glow.example/book" rel="noreferrer">a new appointment</a>' in page
    assert "<li>Don't explain.</li>" in page
    assert 'href="tel:+49305550123"' in page
    assert 'href="mailto:ana@example.org"' in page
    assert "Saturday, November 21" in page
    assert "€8.00" in page
    assert "answer:" not in page
    radios = re.findall(r'name="outcome" value="([a-z]+)" required( checked)?> ([^<]+)</label>', page)
    assert radios == [
        ("reached", "", "Reached"),
        ("voicemail", " checked", "Voicemail"),
        ("never", "", "Please not again"),
    ]


def test_every_field_has_the_control_of_its_type(visited: Shop, token: str) -> None:
    page = visited.client.get(f"/task/{token}").text
    assert re.search(r'<textarea[^>]*name="asked.wish"', page)
    assert re.search(r'<input type="number"[^>]*name="asked.visits"', page)
    assert re.search(r'<input type="date"[^>]*name="asked.review_date"', page)
    assert re.search(r'<input type="tel"[^>]*name="asked.phone" value="\+49 30 555 0123"', page)
    for name, choices in {"vegan": ["", "yes", "no"], "prefers": [""], "lead": [""]}.items():
        select = page[page.index(f'name="asked.{name}"') :]
        assert re.findall(r'<option value="([^"]*)"', select[: select.index("</select>")]) == choices
    assert "<option>front-desk</option>" in page
    assert "<option>email</option>" in page


def test_done_is_noted_with_all_that_was_filled_in(visited: Shop, token: str) -> None:
    answer = visited.client.post(
        f"/task/{token}",
        data={
            "do": "done",
            "outcome": "reached",
            "note": "She laughed.",
            "asked.wish": "a bob",
            "asked.visits": "3",
            "asked.vegan": "no",
            "asked.anniversary": "05-04",
            "asked.lead": "owner",
            "asked.phone": "",
            "asked.email": "eve@evil.example",
        },
    )
    assert answer.status_code == 200
    assert "Thank you!" in answer.text
    task = the_task(visited)
    assert (task.state, task.outcome) == ("done", "reached")
    assert task.reason == "Done by front-desk on 20 November 2026: reached. “She laughed.”"
    contact = visited.contact()
    assert contact.fields == {"wish": "a bob", "visits": 3, "vegan": False, "anniversary": "05-04", "lead": "owner"}
    assert contact.phone == "+49 30 555 0123"


def test_what_does_not_fit_is_marked_and_the_rest_is_kept(visited: Shop, token: str) -> None:
    answer = visited.client.post(
        f"/task/{token}", data={"do": "done", "note": "Hm", "asked.visits": "many", "asked.wish": "a bob"}
    )
    assert answer.status_code == 422
    assert "Choose one of “reached”" in answer.text
    assert re.search(
        r'name="asked.visits" value="many"[^>]* aria-invalid="true" aria-describedby="error-visits"', answer.text
    )
    assert ">a bob</textarea>" in answer.text
    assert ">Hm</textarea>" in answer.text
    assert the_task(visited).state == "open"


def test_put_off_for_days(visited: Shop, token: str) -> None:
    answer = visited.client.post(f"/task/{token}", data={"do": "snooze", "days": "3"})
    assert "until Monday, November 23" in answer.text
    assert (the_task(visited).state, the_task(visited).snoozed_until) == ("open", at("2026-11-23 10:00"))
    assert visited.client.get(f"/task/{token}").status_code == 200


@pytest.mark.parametrize("days", ["2", "-1", "", "3000"])
def test_put_off_for_other_days_than_those_offered_puts_nothing_off(visited: Shop, token: str, days: str) -> None:
    visited.client.post(f"/task/{token}", data={"do": "snooze", "days": days})
    assert (the_task(visited).state, the_task(visited).snoozed_until) == ("open", None)


def test_skipped_with_a_reason(visited: Shop, token: str) -> None:
    answer = visited.client.post(f"/task/{token}", data={"do": "skip", "reason": "was here\r\nyesterday"})
    assert "Skipped." in answer.text
    assert the_task(visited).reason == "Skipped by front-desk on 20 November 2026: was here yesterday."


def test_what_is_over_says_how_and_nothing_of_the_person(visited: Shop, token: str) -> None:
    with visited.runtime.session() as session:
        settle_task(session, visited.runtime.published(), the_task(visited).id, "owner", "reached", None, {}, FRIDAY)
    for answer in (
        visited.client.get(f"/task/{token}"),
        visited.client.post(f"/task/{token}", data={"do": "done", "outcome": "never"}),
        visited.client.post(f"/task/{token}", data={"do": "skip"}),
    ):
        assert answer.status_code == 200
        assert "This task is over." in answer.text
        assert "Done by owner on 20 November 2026: reached." in answer.text
        assert "ana@example.org" not in answer.text
        assert "<form" not in answer.text
    assert the_task(visited).outcome == "reached"


def test_an_overdue_task_says_so(visited: Shop, token: str) -> None:
    with visited.runtime.session() as session:
        session.execute(update(JourneyClock).values(at=at("2026-11-23 10:00")))
    assert "It was due on Saturday, November 21." in visited.client.get(f"/task/{token}").text


def test_a_reply_is_answered_and_then_it_goes_on_or_ends(visited: Shop) -> None:
    runtime, ana = visited.runtime, visited.contact().id
    colleague.mail(runtime, ana)
    with runtime.session() as session:
        lock_contacts(session, [ana])
        contact = session.get_one(Contact, ana)
        receive_event(session, runtime.published(), contact, Seen("reply", FRIDAY), FRIDAY)
    token = token_of(visited, the_task(visited).id, "end")
    page = visited.client.get(f"/task/{token}").text
    assert "Ana (ana@example.org) has written back. Please answer." in page
    assert re.findall(r'name="outcome" value="([a-z-]+)" required( checked)?', page) == [
        ("go-on", ""),
        ("end", " checked"),
    ]
    assert "Skip this task" not in page
    visited.client.post(f"/task/{token}", data={"do": "done", "outcome": "go-on"})
    assert the_task(visited).outcome == "go-on"


def test_the_page_speaks_the_businesss_language(visited: Shop, token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    german = colleague.FILES | {
        "sequences/business.yaml": colleague.BUSINESS.replace("[en, de]", "[de, en]").encode(),
    }
    german.pop("sequences/after.de.md")
    colleague.publish_all(visited.runtime, german)
    page = visited.client.get(f"/task/{token}").text
    assert '<html lang="de"' in page
    assert "Wie war es?" in page
    assert "Samstag, 21. November" in page


def test_an_altered_token_and_one_of_another_purpose_do_nothing(visited: Shop, token: str) -> None:
    value = token.rsplit(".", 1)[0]
    flipped = token[:-1] + ("A" if token[-1] != "A" else "B")
    others = [visited.runtime.signer.sign(purpose, value) for purpose in ("open", "manage", "answer")]
    for wrong in (flipped, "1" + token, value, "x", token + "/", *others):
        for answer in (
            visited.client.get(f"/task/{wrong}"),
            visited.client.post(f"/task/{wrong}", data={"do": "skip"}),
        ):
            assert answer.status_code == 404
    assert the_task(visited).state == "open"


def test_with_the_person_the_task_is_forgotten(visited: Shop, token: str) -> None:
    with visited.runtime.session() as session:
        session.execute(delete(Contact))
    for answer in (visited.client.get(f"/task/{token}"), visited.client.post(f"/task/{token}", data={"do": "skip"})):
        assert answer.status_code == 200
        assert "The person was forgotten" in answer.text


def test_who_may_not_be_written_to_is_shown_as_such(visited: Shop, open_shop: Callable[..., Shop]) -> None:
    with visited.runtime.session() as session:
        session.execute(update(Contact).values(stage="lead"))
    token = token_of(visited, colleague.task(visited.runtime, visited.contact().id))
    page = visited.client.get(f"/task/{token}").text
    assert "No mail goes to Ana, who is not a client" in page
    assert "this touch is owed all the same" in page
