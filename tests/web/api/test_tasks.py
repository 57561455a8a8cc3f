from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from service.actions.publish import Edition, publish
from service.domain.access import Scope
from service.runtime import Runtime
from service.settings import Settings
from service.store.delivery import Delivery
from service.store.enrolment import Enrolment
from service.store.event import Event
from service.store.task import Task
from tests.domain.stories import at
from tests.web import colleague
from tests.web.api.office import Office, problem, wrongs
from tests.web.site import give_back

FRIDAY = at("2026-11-20 10:00")
ANA = {"email": "ana@example.org"}


@pytest.fixture
def office(settings: Settings) -> Iterator[Office]:
    runtime = Runtime(settings)
    office = Office(runtime)
    with runtime.session() as session:
        publish(session, Edition(colleague.FILES, set()))
    office.set_time(FRIDAY)
    yield office
    runtime.close()
    give_back(office.app)


@pytest.fixture
def ana(office: Office) -> int:
    return int(office.save(first_name="Ana", stage="client")["id"])


@pytest.fixture
def task(office: Office, ana: int) -> int:
    return colleague.task(office.runtime, ana)


def test_a_task_says_all_that_somebody_has_to_know(office: Office, ana: int, task: int) -> None:
    told = office.get(f"/tasks/{task}").json
    assert told == {
        "id": task,
        "contact": ana,
        "enrolment": office.all(Enrolment)[0].id,
        "delivery": office.all(Delivery)[0].id,
        "sequence": "after",
        "step": "listen",
        "what": "call",
        "assignee": "front-desk",
        "state": "open",
        "reason": None,
        "outcomes": ["reached", "voicemail", "never"],
        "outcome": None,
        "note": None,
        "asks": {
            "wish": "text",
            "visits": "number",
            "vegan": "yes-no",
            "anniversary": "month-day",
            "review_date": "date",
            "prefers": ["email", "phone", "text"],
            "lead": "person",
            "phone": "phone",
        },
        "asked": {},
        "cost": "8.00",
        "opened_at": "2026-11-20T10:00:00Z",
        "due_at": "2026-11-21T10:00:00Z",
        "overdue": False,
        "reminded_at": None,
        "snoozed_until": None,
        "closed_at": None,
    }
    problem(office.get("/tasks/999"), 404, "not-found")


def test_done_says_how_it_went(office: Office, ana: int, task: int) -> None:
    body = {"outcome": "reached", "note": "She laughed.", "asked": {"wish": "a bob", "visits": 3, "lead": "owner"}}
    told = office.post(f"/tasks/{task}/done", body).json
    assert (told["state"], told["outcome"], told["note"], told["closed_at"]) == (
        "done",
        "reached",
        "She laughed.",
        "2026-11-20T10:00:00Z",
    )
    assert told["reason"] == "Done by the key “everything” on 20 November 2026: reached. “She laughed.”"
    assert office.get(f"/contacts/{ana}").json["fields"] == {"wish": "a bob", "visits": 3, "lead": "owner"}
    assert [event.name for event in office.all(Event)] == ["task.done"]
    for again in ("done", "skip"):
        assert "Done by" in problem(office.post(f"/tasks/{task}/{again}", {}), 409, "task-over")["detail"]
    snoozed = office.post(f"/tasks/{task}/snooze", {"until": "2026-11-25 09:00"})
    problem(snoozed, 409, "task-over")


def test_of_many_at_once_one_has_done_it(office: Office, task: int) -> None:
    def do(_: int) -> int:
        headers = {"Authorization": f"Bearer {office.key}"}
        path = f"/api/v1/tasks/{task}/done"
        return office.app.test_client().post(path, json={"outcome": "reached"}, headers=headers).status_code

    with ThreadPoolExecutor(4) as pool:
        assert Counter(pool.map(do, range(4))) == {200: 1, 409: 3}
    assert office.count(Event) == 1


def test_what_does_not_fit_is_said_by_its_place(office: Office, task: int) -> None:
    answer = office.post(f"/tasks/{task}/done", {"outcome": "maybe", "asked": {"visits": "three", "email": "x@y.zz"}})
    told = wrongs(answer)
    assert set(told) == {"/outcome", "/asked/visits", "/asked/email"}
    assert told["/outcome"] == "Choose one of “reached”, “voicemail”, “never”."
    assert list(wrongs(office.post(f"/tasks/{task}/done", {}))) == ["/outcome"]
    assert list(wrongs(office.post(f"/tasks/{task}/done", {"result": "x"}))) == ["/result"]
    assert office.get(f"/tasks/{task}").json["state"] == "open"


def test_skipped_and_put_off(office: Office, ana: int, task: int) -> None:
    put_off = office.post(f"/tasks/{task}/snooze", {"until": "2026-11-25 09:00"}).json
    assert (put_off["state"], put_off["snoozed_until"]) == ("open", "2026-11-25T08:00:00Z")  # nine in Berlin
    for until in ("2026-11-19", "2029-01-01", None, "soon"):
        assert list(wrongs(office.post(f"/tasks/{task}/snooze", {"until": until}))) == ["/until"]
    skipped = office.post(f"/tasks/{task}/skip", {"reason": "she was here"}).json
    assert (skipped["state"], skipped["reason"]) == (
        "skipped",
        "Skipped by the key “everything” on 20 November 2026: she was here.",
    )
    for path in ("done", "skip"):
        problem(office.post(f"/tasks/999/{path}", {}), 404, "not-found")


def test_tasks_are_filtered_and_come_in_pages(office: Office) -> None:
    people = [office.save(f"p{number}@example.org", stage="client")["id"] for number in range(5)]
    ids = [colleague.task(office.runtime, each) for each in people]
    cards = [colleague.task(office.runtime, each, "a-card") for each in people[:2]]
    office.post(f"/tasks/{ids[0]}/done", {"outcome": "reached"})

    def found(**query: object) -> list[int]:
        return [each["id"] for each in office.get("/tasks", **query).json["items"]]

    assert found(assignee="owner") == cards[::-1]
    assert found(state="done") == [ids[0]]
    assert found(contact=people[1]) == [cards[1], ids[1]]
    assert found(overdue="true") == []
    office.set_time(at("2026-11-22 10:00"))
    assert found(overdue="true") == ids[:0:-1]  # what is done, or has no due day, is not late
    first = office.get("/tasks", limit=4).json
    rest = office.get("/tasks", limit=4, cursor=first["next"]).json
    assert [each["id"] for each in first["items"] + rest["items"]] == sorted([*ids, *cards], reverse=True)
    assert rest["next"] is None
    assert list(wrongs(office.get("/tasks", state="late"))) == ["state"]


def test_a_reply_is_told_as_an_event_and_answered_as_a_task(office: Office, ana: int) -> None:
    colleague.mail(office.runtime, ana)
    assert office.post("/events", ANA | {"name": "reply"}).status_code == 202
    [told] = office.get("/tasks", state="open").json["items"]
    assert (told["what"], told["step"], told["outcomes"], told["asks"]) == (
        "answer the reply",
        None,
        ["go-on", "end"],
        {},
    )
    assert wrongs(office.post(f"/tasks/{told['id']}/skip", {}))
    assert office.post(f"/tasks/{told['id']}/done", {"outcome": "go on"}).json["outcome"] == "go-on"
    assert office.all(Enrolment)[0].paused_at is None


def test_a_key_needs_the_scope(office: Office, task: int) -> None:
    reader = office.make_key("reader", {Scope.TASKS_READ})
    assert office.ask("GET", f"/tasks/{task}", key=reader).status_code == 200
    answer = office.ask("POST", f"/tasks/{task}/done", json={"outcome": "reached"}, key=reader)
    assert "tasks:write" in problem(answer, 403, "scope")["detail"]
    assert office.all(Task)[0].state == "open"


def test_the_timeline_tells_tasks_and_answers_in_sentences(office: Office, ana: int, task: int) -> None:
    delivery = colleague.mail(office.runtime, ana)
    office.post("/events", ANA | {"name": "reply"})
    token = office.runtime.signer.sign("answer", f"{delivery}.unhappy")
    assert office.client.post(f"/answer/{token}", data={"note": "Too short."}).status_code == 200
    office.post(f"/tasks/{task}/done", {"outcome": "reached"})
    items = office.get(f"/contacts/{ana}/timeline").json["items"]
    told = [(each["entry"], each.get("reason") or each.get("sentence")) for each in items]
    assert ("touch", "Done by the key “everything” on 20 November 2026: reached.") in told
    answered = "Answered “Something isn't right” to “how was it” of “How was it?”: “Too short.”"
    assert ("event", answered) in told
    assert ("event", "Wrote back.") in told
    assert ("event", "“call” was done: “reached”.") in told
    assert ("task", "Open: answer the reply, for front-desk.") in told
    # What is written to colleagues is no part of the person's story.
    assert len(told) == 6
