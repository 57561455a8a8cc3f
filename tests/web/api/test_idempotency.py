from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import update
from werkzeug.test import TestResponse

from service.actions.prune import REPLIES_KEPT, prune
from service.store.access import IdempotentReply
from service.store.contact import Contact
from service.store.enrolment import Enrolment
from service.store.event import Event
from tests.web.api.office import Office, problem, wrongs

ANA = {"email": "ana@example.org"}
CONSENT = {"consents": [{"topic": "Tips and ideas"}]}


def at_once(times: int, ask: Callable[[], TestResponse]) -> list[TestResponse]:
    with ThreadPoolExecutor(times) as pool:
        return [each.result() for each in [pool.submit(ask) for _ in range(times)]]


def test_the_same_again_gets_the_first_answer(office: Office) -> None:
    first = office.post("/contacts", ANA | {"first_name": "Ana"}, Idempotency_Key="k-1")
    office.patch(f"/contacts/{first.json['id']}", {"first_name": "Anna"})
    again = office.post("/contacts", ANA | {"first_name": "Ana"}, Idempotency_Key="k-1")
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert (again.status_code, again.json) == (first.status_code, first.json)
    assert again.headers["Location"] == first.headers["Location"]
    assert office.get(f"/contacts/{first.json['id']}").json["first_name"] == "Anna"


def test_the_same_key_for_something_else_is_refused(office: Office) -> None:
    office.post("/contacts", ANA, Idempotency_Key="k-1")
    problem(office.post("/contacts", {"email": "ben@example.org"}, Idempotency_Key="k-1"), 422, "key-reused")
    problem(office.post("/events", ANA | {"name": "purchase"}, Idempotency_Key="k-1"), 422, "key-reused")
    assert (office.count(Contact), office.count(Event)) == (1, 0)


def test_two_programs_may_choose_the_same_key(office: Office) -> None:
    office.post("/contacts", ANA, Idempotency_Key="k-1")
    other = office.make_key("other")
    answer = office.ask(
        "POST", "/contacts", key=other, json={"email": "ben@example.org"}, headers={"Idempotency-Key": "k-1"}
    )
    assert answer.status_code == 201


def test_a_refusal_is_not_remembered(office: Office) -> None:
    event = ANA | {"name": "purchase"}
    problem(office.post("/events", event, Idempotency_Key="k-1"), 404, "unknown-contact")
    assert office.count(IdempotentReply) == 0
    office.save()
    assert office.post("/events", event, Idempotency_Key="k-1").status_code == 202


def test_twenty_at_once_have_one_effect_and_one_answer(office: Office) -> None:
    def ask() -> TestResponse:
        return office.app.test_client().post(
            "/api/v1/contacts",
            json=ANA | CONSENT | {"stage": "client"},
            headers={"Authorization": f"Bearer {office.key}", "Idempotency-Key": "k-1"},
        )

    answers = at_once(20, ask)
    assert {answer.status_code for answer in answers} == {201}
    assert all(answer.json == answers[0].json for answer in answers)
    assert Counter("Idempotency-Replayed" in answer.headers for answer in answers) == {True: 19, False: 1}
    assert (office.count(Contact), office.count(Enrolment), office.count(IdempotentReply)) == (1, 1, 1)


def test_twenty_enrolments_at_once_are_one(office: Office) -> None:
    office.save(**CONSENT)

    def ask() -> TestResponse:
        return office.app.test_client().post(
            "/api/v1/sequences/tips/enrolments", json=ANA, headers={"Authorization": f"Bearer {office.key}"}
        )

    answers = at_once(20, ask)  # without a key: the contact's lock makes it one
    assert Counter(answer.status_code for answer in answers) == {201: 1, 200: 19}
    assert len({answer.json["id"] for answer in answers}) == 1


def test_the_same_event_told_twenty_times_at_once_counts_once(office: Office) -> None:
    office.save()
    event = ANA | {"name": "visit.completed", "key": "v-17"}

    def ask() -> TestResponse:
        return office.app.test_client().post(
            "/api/v1/events", json=event, headers={"Authorization": f"Bearer {office.key}"}
        )

    answers = at_once(20, ask)
    assert Counter((answer.status_code, answer.json["duplicate"]) for answer in answers) == {
        (202, False): 1,
        (200, True): 19,
    }
    assert len({answer.json["id"] for answer in answers}) == 1
    assert office.count(Event) == 1


def test_twenty_signups_of_one_address_are_one_contact(office: Office) -> None:
    numbers = iter(range(20))

    def ask() -> TestResponse:
        return office.app.test_client().post(
            "/api/v1/contacts",
            json=ANA | {"company": f"Company {next(numbers)}"},
            headers={"Authorization": f"Bearer {office.key}"},
        )

    answers = at_once(20, ask)
    assert Counter(answer.status_code for answer in answers) == {201: 1, 200: 19}
    assert office.count(Contact) == 1


@pytest.mark.parametrize("name", ["x" * 256, "a\tb", ""])
def test_a_key_that_is_none_is_refused(office: Office, name: str) -> None:
    assert list(wrongs(office.post("/contacts", ANA, Idempotency_Key=name))) == ["Idempotency-Key"]


def test_answers_are_let_go_after_a_day(office: Office) -> None:
    office.post("/contacts", ANA, Idempotency_Key="k-1")
    with office.runtime.session() as session:
        assert prune(session) == 0
        old = IdempotentReply.created_at - REPLIES_KEPT - timedelta(seconds=1)
        session.execute(update(IdempotentReply).values(created_at=old))
        assert prune(session) == 1
    assert timedelta(hours=24) <= REPLIES_KEPT
