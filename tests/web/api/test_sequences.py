from __future__ import annotations

from service.actions.unsubscribe import unsubscribe
from service.ports import Sent
from service.store.delivery import Delivery
from service.store.enrolment import Enrolment
from tests.domain.stories import at
from tests.web.api.office import Office, problem, wrongs

ANA = {"email": "ana@example.org"}
CONSENT = {"consents": [{"topic": "Tips and ideas"}]}
FRIDAY = at("2026-11-20 10:00")


def test_sequences_are_listed_with_the_people_inside(office: Office) -> None:
    office.save(**CONSENT)
    office.post("/sequences/tips/enrolments", ANA)
    items = {each["key"]: each for each in office.get("/sequences").json["items"]}
    assert set(items) == {"after", "clients", "over", "tips"}
    assert items["tips"] == {
        "key": "tips",
        "title": "Tips",
        "stage": "nurture",
        "topic": "Tips and ideas",
        "status": "live",
        "begins": ["manual"],
        "steps": 2,
        "enrolments": {"active": 1},
    }
    assert items["after"]["begins"] == ["event visit.completed"]


def test_a_sequence_is_read_as_it_is_written(office: Office) -> None:
    found = office.get("/sequences/tips").json
    assert found["enrolments"] == {}
    assert found["steps"][1] == {
        "key": "more",
        "title": "more",
        "when": "Day 3 at 10:00",
        "kind": "email",
        "class": "letter",
        "subjects": ['More, {{ contact.first_name or "friend" }}'],
        "condition": 'not clicked("hello")',
    }
    for key in ("nothing", "%00", "a/b", "x" * 5_000):
        assert office.get(f"/sequences/{key}").status_code == 404


def test_a_person_enters_once(office: Office) -> None:
    contact = office.save(**CONSENT)
    entered = office.post("/sequences/tips/enrolments", ANA | {"data": {"why": "asked at the desk"}})
    assert entered.status_code == 201
    assert entered.headers["Location"] == f"/api/v1/enrolments/{entered.json['id']}"
    assert (entered.json["contact"], entered.json["state"]) == (contact["id"], "active")
    assert entered.json["data"]["event"]["why"] == "asked at the desk"
    again = office.post("/sequences/tips/enrolments", {"contact": contact["id"]})
    assert (again.status_code, again.json["id"]) == (200, entered.json["id"])
    assert office.get(f"/enrolments/{entered.json['id']}").json == again.json
    assert [each.step for each in office.all(Delivery)] == ["hello"]


def test_who_has_not_agreed_does_not_enter_and_the_answer_says_what_to_do(office: Office) -> None:
    office.save()
    detail = problem(office.post("/sequences/tips/enrolments", ANA), 409, "not-let-in")["detail"]
    assert detail == (
        "The person has not agreed to “Tips and ideas”. Record their consent to “Tips and ideas” first: "
        "`consents` of POST /api/v1/contacts."
    )


def test_who_has_unsubscribed_does_not_enter(office: Office) -> None:
    contact = office.save(**CONSENT)
    office.set_time(FRIDAY)
    with office.runtime.session() as session:
        unsubscribe(session, office.runtime.published(), contact["id"], FRIDAY)
    detail = problem(office.post("/sequences/tips/enrolments", ANA), 409, "not-let-in")["detail"]
    assert "unsubscribed on 20 November 2026" in detail


def test_a_sequence_says_whom_it_does_not_let_in(office: Office) -> None:
    office.save(**CONSENT, stage="client")
    reasons = {
        "tips": 'contact.stage == "lead"',
        "over": "closed",
    }
    for key, words in reasons.items():
        assert words in problem(office.post(f"/sequences/{key}/enrolments", ANA), 409, "not-let-in")["detail"]
    assert office.post("/sequences/nothing/enrolments", ANA).status_code == 404
    problem(office.post("/sequences/tips/enrolments", {"email": "nobody@example.org"}), 404, "unknown-contact")
    assert list(wrongs(office.post("/sequences/tips/enrolments", {}))) == [""]
    assert list(wrongs(office.post("/sequences/tips/enrolments", ANA | {"seqence": 1}))) == ["/seqence"]


def test_who_is_taken_out_gets_nothing_more_and_does_not_enter_again(office: Office) -> None:
    office.save(**CONSENT)
    office.set_time(FRIDAY)
    enrolment = office.post("/sequences/tips/enrolments", ANA).json
    ended = office.delete(f"/enrolments/{enrolment['id']}")
    assert (ended.status_code, ended.json["state"]) == (200, "stopped")
    assert ended.json["why"] == "Stopped: taken out by the key “everything” through the API on 20 November 2026."
    [delivery] = office.all(Delivery)
    assert (delivery.state, delivery.reason) == ("cancelled", ended.json["why"])
    office.work(FRIDAY, Sent())
    assert office.postman.taken == []
    assert office.delete(f"/enrolments/{enrolment['id']}").json == ended.json
    detail = problem(office.post("/sequences/tips/enrolments", ANA), 409, "not-let-in")["detail"]
    assert "entered “Tips” on 20 November 2026" in detail
    assert "“never”" in detail
    assert office.count(Enrolment) == 1


def test_an_enrolment_that_is_none_is_404(office: Office) -> None:
    problem(office.get("/enrolments/7"), 404, "not-found")
    problem(office.delete("/enrolments/7"), 404, "not-found")
