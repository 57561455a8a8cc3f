from __future__ import annotations

from typing import Any

import pytest

from service.domain.access import Scope
from service.store.contact import Suppression
from service.store.delivery import Delivery
from tests.domain.stories import at
from tests.web.api.office import Office, problem, wrongs

ANA = {"email": "ana@example.org"}
CONSENT = {"consents": [{"topic": "Tips and ideas"}]}
FRIDAY = at("2026-11-20 10:00")


def put(office: Office, **line: Any) -> dict[str, Any]:
    answer = office.post("/suppressions", ANA | line)
    assert answer.status_code == 201, answer.text
    return dict(answer.json)


def test_an_address_that_nobody_has_is_kept_as_a_hash_alone(office: Office) -> None:
    line = put(office)
    assert (line["email"], line["topic"], line["reason"], line["source"]) == (None, None, "manual", "api:everything")
    assert office.get(f"/suppressions/{line['id']}").json == line
    assert office.post("/suppressions/search", {"email": "ANA@example.org"}).json["items"] == [line]
    assert office.post("/suppressions/search", {"email": "bob@example.org"}).json["items"] == []
    assert b"ana" not in office.all(Suppression)[0].address_hash


def test_the_same_once_more_changes_nothing(office: Office) -> None:
    line = put(office)
    again = office.post("/suppressions", ANA)
    assert (again.status_code, again.json) == (200, line)


def test_whoever_has_the_address_leaves_what_it_is_about(office: Office) -> None:
    office.save(**CONSENT)
    office.set_time(FRIDAY)
    office.post("/sequences/tips/enrolments", ANA)
    assert put(office)["email"] == "ana@example.org"
    office.work(FRIDAY)
    assert office.postman.taken == []
    assert [each.state for each in office.all(Delivery)] == ["cancelled"]
    assert "suppression list for all mail" in (office.all(Delivery)[0].reason or "")


def test_a_line_about_one_topic_leaves_the_others_alone(office: Office) -> None:
    office.save(**CONSENT)
    office.set_time(FRIDAY)
    office.post("/sequences/tips/enrolments", ANA)
    put(office, topic="After your visit")
    office.work(FRIDAY)
    assert len(office.postman.taken) == 1


def test_a_line_that_is_over_holds_nobody_back(office: Office) -> None:
    office.save(**CONSENT)
    office.set_time(FRIDAY)
    put(office, expires_at="2026-11-21T10:00:00Z")
    office.set_time(at("2026-11-23 10:00"))
    office.post("/sequences/tips/enrolments", ANA)
    office.work(at("2026-11-23 10:00"))
    assert len(office.postman.taken) == 1
    assert put(office)["expires_at"] is None, "and can be put on the list anew"


@pytest.mark.parametrize("reason", ["complained", "bounced"])
def test_who_complained_is_taken_off_with_a_reason_only(office: Office, reason: str) -> None:
    contact = office.save(**CONSENT)
    line = put(office, reason=reason)
    problem(office.delete(f"/suppressions/{line['id']}"), 409, "needs-reason")
    assert office.get(f"/suppressions/{line['id']}").status_code == 200
    assert office.delete(f"/suppressions/{line['id']}?why=she+asked+for+it+at+the+counter").status_code == 204
    assert office.get(f"/suppressions/{line['id']}").status_code == 404
    told = office.get(f"/contacts/{contact['id']}/timeline").text
    assert "suppression.lifted" in told
    assert "at the counter" in told


def test_a_line_for_good_outlasts_one_that_would_have_ended_and_is_not_shortened_by_it(office: Office) -> None:
    office.set_time(FRIDAY)
    first = put(office, expires_at="2026-11-21T10:00:00Z")
    later = put(office, expires_at="2026-12-21T10:00:00Z")
    assert (later["id"], later["expires_at"]) == (first["id"], "2026-12-21T10:00:00Z")
    assert put(office)["expires_at"] is None
    assert office.post("/suppressions", ANA | {"expires_at": "2026-12-24T10:00:00Z"}).json["expires_at"] is None


def test_to_be_taken_off_gives_no_consent(office: Office) -> None:
    office.save()
    line = put(office)
    office.delete(f"/suppressions/{line['id']}")
    office.set_time(FRIDAY)
    problem(office.post("/sequences/tips/enrolments", ANA), 409, "not-let-in")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"email": "ana"}, "/email"),
        (ANA | {"topic": "Unheard of"}, "/topic"),
        (ANA | {"reason": "mood"}, "/reason"),
        (ANA | {"expires_at": "2020-01-01T00:00:00Z"}, "/expires_at"),
        (ANA | {"expires_at": "2030-01-01 00:00"}, "/expires_at"),
        (ANA | {"until": "2030-01-01"}, "/until"),
    ],
)
def test_what_does_not_fit_is_said(office: Office, body: dict[str, Any], pointer: str) -> None:
    answer = office.post("/suppressions", body)
    assert pointer in wrongs(answer)
    assert office.all(Suppression) == []


def test_the_list_is_paged_and_narrowed(office: Office) -> None:
    for name in ("a", "b", "c"):
        office.post("/suppressions", {"email": f"{name}@example.org", "reason": "manual" if name != "b" else "bounced"})
    first = office.get("/suppressions", limit=2).json
    second = office.get("/suppressions", limit=2, cursor=first["next"]).json
    assert [len(first["items"]), len(second["items"]), second["next"]] == [2, 1, None]
    assert len(office.get("/suppressions", reason="bounced").json["items"]) == 1


def test_reading_is_no_writing(office: Office) -> None:
    key = office.make_key("reader", [Scope.SUPPRESSIONS_READ])
    problem(office.ask("POST", "/suppressions", key=key, json=ANA), 403, "scope")
