from __future__ import annotations

from icalendar import Calendar
from sqlalchemy import delete, update

from service.store.contact import Contact
from service.store.enrolment import Enrolment
from tests.domain.stories import at
from tests.web import colleague
from tests.web.shop import Shop


def fetch(shop: Shop, **enrolment: object) -> Calendar:
    delivery = colleague.mail(shop.runtime, shop.contact().id)
    with shop.runtime.session() as session:
        session.execute(update(Enrolment).values({"state": "active"} | enrolment))
    return shop.client.get(f"/calendar/{shop.runtime.signer.sign('calendar', str(delivery))}.ics")


def test_an_appointment_stands_in_the_calendar(visited: Shop) -> None:
    event = {"starts": "2026-12-01T16:00:00+01:00", "ends": "2026-12-01T17:30:00+01:00", "service": "Cut"}
    answer = fetch(visited, date_at=at("2026-12-01 15:00"), data={"event": event}, about="A17")
    assert answer.status_code == 200
    assert answer.content_type == "text/calendar; charset=utf-8; method=PUBLISH"
    assert answer.headers["Cache-Control"] == "no-store"
    [entry] = Calendar.from_ical(answer.data).walk("VEVENT")
    assert entry["SUMMARY"] == "Cut · Glow Studio"
    assert (entry["DTSTART"].dt, entry["DTEND"].dt) == (at("2026-12-01 15:00"), at("2026-12-01 16:30"))
    assert entry["LOCATION"] == "Lindenweg 4, 10969 Berlin"
    assert entry["UID"].endswith("@glow.example")
    assert entry["SEQUENCE"] == 0


def test_a_day_is_the_same_day_everywhere(visited: Shop) -> None:
    with visited.runtime.session() as session:
        session.execute(update(Contact).values(timezone="Pacific/Auckland"))
    answer = fetch(visited, date_at=at("2026-12-02 11:00"), date_is_day=True)  # midnight in Auckland
    [entry] = Calendar.from_ical(answer.data).walk("VEVENT")
    assert str(entry["DTSTART"].dt) == "2026-12-03"
    assert entry["SUMMARY"] == "How was it?"


def test_what_has_no_date_or_was_cancelled_stands_in_none(visited: Shop) -> None:
    assert fetch(visited).status_code == 404
    with visited.runtime.session() as session:
        session.execute(update(Enrolment).values(date_at=at("2026-12-01 15:00"), state="stopped"))
    token = visited.runtime.signer.sign("calendar", "1")
    assert visited.client.get(f"/calendar/{token}.ics").status_code == 404


def test_a_foreign_token_and_a_forgotten_person_have_none(visited: Shop) -> None:
    assert visited.client.get("/calendar/1.x.ics").status_code == 404
    assert visited.client.get(f"/calendar/{visited.runtime.signer.sign('open', '1')}.ics").status_code == 404
    delivery = colleague.mail(visited.runtime, visited.contact().id)
    with visited.runtime.session() as session:
        session.execute(delete(Contact))
    assert (
        visited.client.get(f"/calendar/{visited.runtime.signer.sign('calendar', str(delivery))}.ics").status_code == 404
    )
