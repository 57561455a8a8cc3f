from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import event as listened

from service import clock
from service.store.contact import Contact
from service.store.enrolment import Enrolment
from service.store.event import Event
from tests.web.api.office import Office, problem, wrongs

ANA = {"email": "ana@example.org"}
VISIT = ANA | {"name": "visit.completed"}


def test_an_event_is_kept_and_moves_the_person(office: Office) -> None:
    contact = office.save()
    answer = office.post(
        "/events",
        VISIT
        | {
            "key": "v-1",
            "about": "A17",
            "at": "2026-01-27T17:00:00+01:00",
            "value": 48.10,
            "data": {"service": "Cut", "room": {"floor": 2}},
        },
    )
    assert (answer.status_code, answer.json["duplicate"]) == (202, False)
    [kept] = office.all(Event)
    assert (kept.id, kept.contact_id) == (answer.json["id"], contact["id"])
    assert kept.at == datetime(2026, 1, 27, 16, tzinfo=UTC)
    assert (kept.about, kept.value, kept.currency) == ("A17", Decimal("48.1"), "EUR")
    assert kept.data == {"service": "Cut", "room": {"floor": 2}}
    assert office.get(f"/contacts/{contact['id']}").json["stage"] == "client"
    assert {each.sequence for each in office.all(Enrolment)} == {"after", "clients"}


def test_the_same_event_told_twice_counts_once(office: Office) -> None:
    office.save()
    first = office.post("/events", VISIT | {"key": "v-1"})
    again = office.post("/events", VISIT | {"key": "v-1", "data": {"service": "Cut"}})
    assert (again.status_code, again.json) == (200, first.json | {"duplicate": True})
    assert (office.count(Event), office.count(Enrolment)) == (1, 2)


def test_a_key_told_about_somebody_else_is_refused(office: Office) -> None:
    office.save()
    office.save("ben@example.org")
    office.post("/events", VISIT | {"key": "v-1"})
    found = wrongs(office.post("/events", VISIT | {"email": "ben@example.org", "key": "v-1"}))
    assert list(found) == ["/key"]
    batch = [VISIT | {"key": "v-2"}, VISIT | {"email": "ben@example.org", "key": "v-2"}]
    assert list(wrongs(office.post("/events", batch))) == ["/1/key"]
    assert office.count(Event) == 1


def test_a_time_without_an_offset_is_the_persons_own(office: Office) -> None:
    office.save(timezone="America/New_York")
    office.post("/events", VISIT | {"at": "2026-01-27 16:00"})
    office.post("/events", ANA | {"name": "appointment.booked", "data": {"starts": "2026-02-03 09:30"}})
    visit, booking = office.all(Event)
    assert visit.at == datetime(2026, 1, 27, 21, tzinfo=UTC)
    assert booking.data == {"starts": "2026-02-03T14:30:00+00:00"}
    assert abs(booking.at - clock.machine_now()) < timedelta(minutes=1)


def test_a_person_may_be_named_by_id(office: Office) -> None:
    contact = office.save()
    answer = office.post("/events", {"contact": contact["id"], "name": "purchase"})
    assert answer.json["contact"] == contact["id"]


def test_a_list_is_taken_whole_in_its_order(office: Office) -> None:
    ids = [office.save(f"p{number}@example.org")["id"] for number in range(3)]
    batch = [
        {"contact": ids[number % 3], "name": "purchase", "key": f"o-{number % 4}-{number % 3}"} for number in range(24)
    ]
    answer = office.post("/events", batch)
    assert answer.status_code == 202
    items = answer.json["items"]
    assert [each["duplicate"] for each in items] == [False] * 12 + [True] * 12
    assert [each["id"] for each in items[12:]] == [each["id"] for each in items[:12]]
    assert office.count(Event) == 12


def test_a_list_with_one_fault_changes_nothing_and_names_every_fault(office: Office) -> None:
    office.save()
    batch = [
        VISIT,
        {"email": "nobody@example.org", "name": "purchase"},
        {"contact": 999, "name": "purchase"},
        VISIT | {"at": "2999-01-01T00:00:00Z"},
        VISIT | {"data": {"at_home": "yes"}},
    ]
    found = wrongs(office.post("/events", batch))
    assert set(found) == {"/1/email", "/2/contact", "/3/at", "/4/data/at_home"}
    assert office.count(Event) == 0


def test_an_answer_tells_of_a_hundred_faults_at_most(office: Office) -> None:
    answer = office.post("/events", [{}] * 1000)
    body = problem(answer, 422, "invalid")
    assert len(body["errors"]) == 100
    assert "1000 things" in body["detail"]


def test_an_event_for_nobody_is_404(office: Office) -> None:
    problem(office.post("/events", VISIT), 404, "unknown-contact")
    problem(office.post("/events", {"contact": 7, "name": "purchase"}), 404, "unknown-contact")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("visit.complete", "did you mean `visit.completed`"),
        ("webinar.atended", "did you mean `webinar.attended`"),
        ("click", "raised by the service itself"),
        ("moon.landed", "declare it under `events`"),
    ],
)
def test_a_name_that_nobody_declared_is_refused(office: Office, name: str, words: str) -> None:
    office.save()
    assert words in wrongs(office.post("/events", ANA | {"name": name}))["/name"]
    assert words in wrongs(office.post("/events", [VISIT, ANA | {"name": name}]))["/1/name"]


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"email": None}, ""),
        ({"contact": 1}, ""),
        ({"email": "ana"}, "/email"),
        ({"contact": "1", "email": None}, "/contact"),
        ({"name": ""}, "/name"),
        ({"at": "yesterday"}, "/at"),
        ({"at": 1700000000}, "/at"),
        ({"at": "0001-01-01T00:00:00Z"}, "/at"),
        ({"value": "much"}, "/value"),
        ({"value": "NaN"}, "/value"),
        ({"value": "1e30"}, "/value"),
        ({"currency": "euro"}, "/currency"),
        ({"data": []}, "/data"),
        ({"data": {"text": "x" * 16_000}}, "/data"),
        ({"key": "x" * 201}, "/key"),
        ({"about": 17}, "/about"),
        ({"abuot": "A17"}, "/abuot"),
    ],
)
def test_what_does_not_fit_is_named(office: Office, change: dict[str, object], pointer: str) -> None:
    office.save()
    assert list(wrongs(office.post("/events", VISIT | change))) == [pointer]
    assert list(wrongs(office.post("/events", [VISIT, VISIT | change]))) == [f"/1{pointer}"]
    assert office.count(Event) == 0


@pytest.mark.parametrize("count", [0, 1001])
def test_a_list_has_one_to_a_thousand_events(office: Office, count: int) -> None:
    assert office.post("/events", [ANA | {"name": "refund"}] * count).status_code == 422


def test_an_event_that_begins_nothing_takes_two_queries(office: Office) -> None:
    ids = [office.save(f"p{number}@example.org")["id"] for number in range(10)]
    batch = [{"contact": ids[at % 10], "name": "refund", "key": f"r-{at}"} for at in range(200)]
    statements: list[str] = []
    listened.listen(office.runtime.engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    assert office.post("/events", batch).status_code == 202
    assert len(statements) <= 2 * 200 + 10
    assert office.count(Event) == 200


def test_events_in_opposite_orders_at_once_all_arrive(office: Office) -> None:
    ids = [office.save(f"p{number}@example.org")["id"] for number in range(20)]

    def ask(turn: int) -> int:
        order = ids if turn % 2 else ids[::-1]
        batch = [{"contact": each, "name": "purchase", "key": f"{turn}-{each}"} for each in order]
        headers = {"Authorization": f"Bearer {office.key}"}
        return office.app.test_client().post("/api/v1/events", json=batch, headers=headers).status_code

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(ask, range(8))) == {202}
    assert office.count(Event) == 160
    assert office.count(Contact) == 20
