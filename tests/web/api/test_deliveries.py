from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from service.actions.lease import Lease
from service.actions.record import Handed, record
from service.ports import Sent, Uncertain
from service.store.delivery import Delivery
from tests.domain.stories import at
from tests.web.api.office import Office, problem, wrongs

ANA = {"email": "ana@example.org"}
CONSENT = {"consents": [{"topic": "Tips and ideas"}]}
FRIDAY = at("2026-11-20 10:00")
CUT = Uncertain("the line was cut after the last dot")


@pytest.fixture
def uncertain(office: Office) -> dict[str, Any]:
    """A letter of which nobody knows whether it left."""
    office.save(**CONSENT)
    office.set_time(FRIDAY)
    office.post("/sequences/tips/enrolments", ANA)
    office.work(FRIDAY, CUT)
    [delivery] = office.get("/deliveries", state="uncertain").json["items"]
    return dict(delivery)


def test_an_uncertain_delivery_says_why(office: Office, uncertain: dict[str, Any]) -> None:
    assert (uncertain["sequence"], uncertain["step"], uncertain["occasion"]) == ("tips", "hello", 0)
    assert "the line was cut" in uncertain["reason"]
    assert uncertain["handed_at"] == "2026-11-20T10:00:00Z"
    assert office.get(f"/deliveries/{uncertain['id']}").json == uncertain


def test_a_person_may_say_that_it_was_sent(office: Office, uncertain: dict[str, Any]) -> None:
    answer = office.post(f"/deliveries/{uncertain['id']}/resolve", {"as": "sent", "why": "Ana answered it"})
    assert answer.status_code == 200
    assert answer.json["again"] is None
    settled = answer.json["delivery"]
    assert (settled["state"], settled["sent_at"]) == ("sent", uncertain["handed_at"])
    assert settled["reason"] == "Sent: the key “everything” says so (Ana answered it)."


def test_to_resend_is_a_new_delivery_that_is_asked_about_like_any_other(
    office: Office, uncertain: dict[str, Any]
) -> None:
    answer = office.post(f"/deliveries/{uncertain['id']}/resolve", {"as": "resend"}).json
    old, new = answer["delivery"], answer["again"]
    assert (old["state"], old["message_id"]) == ("failed", uncertain["message_id"])
    assert (new["state"], new["occasion"], new["step"]) == ("due", 1, "hello")
    assert new["message_id"] != old["message_id"]
    assert f"delivery {new['id']}" in old["reason"]
    office.work(FRIDAY, Sent())
    assert [message.key for message in office.postman.taken] == [new["message_id"]]
    assert office.get(f"/deliveries/{new['id']}").json["state"] == "sent"
    # The chain went on when it became uncertain, and goes on once.
    assert Counter(each.step for each in office.all(Delivery)) == {"hello": 2, "more": 1}


def test_to_resend_to_somebody_who_left_meanwhile_is_cancelled(office: Office, uncertain: dict[str, Any]) -> None:
    office.post(f"/deliveries/{uncertain['id']}/resolve", {"as": "resend"})
    office.delete(f"/enrolments/{uncertain['enrolment']}")
    office.work(FRIDAY, Sent())
    assert office.postman.taken == []
    assert office.all(Delivery)[-1].state == "cancelled"


def test_a_second_word_is_refused(office: Office, uncertain: dict[str, Any]) -> None:
    path = f"/deliveries/{uncertain['id']}/resolve"

    def ask(word: str) -> int:
        headers = {"Authorization": f"Bearer {office.key}"}
        return office.app.test_client().post(f"/api/v1{path}", json={"as": word}, headers=headers).status_code

    with ThreadPoolExecutor(8) as pool:
        assert Counter(pool.map(ask, ["resend"] * 8)) == {200: 1, 409: 7}
    assert "failed" in problem(office.post(path, {"as": "sent"}), 409, "not-uncertain")["detail"]
    assert max(each.occasion for each in office.all(Delivery)) == 1


def test_the_late_answer_of_a_worker_that_froze_changes_nothing_that_was_resolved(
    office: Office, uncertain: dict[str, Any]
) -> None:
    token = office.all(Delivery)[0].token
    office.post(f"/deliveries/{uncertain['id']}/resolve", {"as": "resend"})
    with office.runtime.session() as session:
        record(session, office.runtime.published(), Lease(token or ""), [Handed(uncertain["id"], Sent())])
    assert office.get(f"/deliveries/{uncertain['id']}").json["state"] == "failed"


def test_what_is_not_uncertain_takes_no_word(office: Office) -> None:
    office.save(**CONSENT)
    office.post("/sequences/tips/enrolments", ANA)
    [delivery] = office.all(Delivery)
    for word in ("sent", "resend"):
        answer = office.post(f"/deliveries/{delivery.id}/resolve", {"as": word})
        assert "planned" in problem(answer, 409, "not-uncertain")["detail"]
    problem(office.post("/deliveries/999/resolve", {"as": "sent"}), 404, "not-found")
    assert list(wrongs(office.post(f"/deliveries/{delivery.id}/resolve", {"as": "lost"}))) == ["/as"]
    assert list(wrongs(office.post(f"/deliveries/{delivery.id}/resolve", {}))) == ["/as"]


def test_deliveries_are_filtered_and_come_in_pages(office: Office) -> None:
    office.set_time(FRIDAY)
    people = [office.save(f"p{number}@example.org", **CONSENT)["id"] for number in range(5)]
    for each in people:
        office.post("/sequences/tips/enrolments", {"contact": each})
    office.work(FRIDAY, Sent())
    first = office.get("/deliveries", state="sent", limit=3).json
    rest = office.get("/deliveries", state="sent", limit=3, cursor=first["next"]).json
    assert rest["next"] is None
    ids = [each["id"] for each in first["items"] + rest["items"]]
    assert (len(ids), ids) == (5, sorted(ids, reverse=True))
    mine = office.get("/deliveries", contact=people[2]).json["items"]
    assert [(each["contact"], each["state"]) for each in mine] == [(people[2], "planned"), (people[2], "sent")]
    assert list(wrongs(office.get("/deliveries", state="lost"))) == ["state"]
    assert list(wrongs(office.get("/deliveries", contact=2**63))) == ["contact"]
    assert office.get("/deliveries", contact=10**9).json["items"] == []


def test_a_resend_is_worth_sending_as_long_as_the_letter_itself(office: Office, uncertain: dict[str, Any]) -> None:
    later = FRIDAY + timedelta(days=20)
    office.set_time(later)
    new = office.post(f"/deliveries/{uncertain['id']}/resolve", {"as": "resend"}).json["again"]
    assert new["due_at"] == "2026-12-10T10:00:00Z"
    assert new["expires_at"] == "2026-12-17T10:00:00Z"
