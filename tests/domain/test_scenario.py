"""A scenario file: kept in the shapes that conditions see; what does not fit is told by its place."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from service.domain.scenario import Scenario, read_scenario
from service.domain.sequence.findings import Findings
from service.domain.sequence.model.business import Business

BUSINESS = Business(
    "Glow Studio",
    "mia@glow.example",
    "Lindenweg 4",
    "Europe/Berlin",
    people=(("front-desk", "desk@glow.example"),),
    fields=(("favourite_dish", "text"), ("visits", "number"), ("vegan", "yes-no"), ("lead", "person")),
)
ANA = """\
contact: {email: ana@example.org, first_name: Ana, timezone: Europe/Madrid, birthday: 02-29, visits: 7, vegan: yes}
events:
  - {at: 2026-01-27 17:00, name: visit.completed, about: A17, value: 48.00, currency: EUR, data: {service: Cut}}
  - {at: 2026-01-05 12:00, name: signup, form: salon-checklist}
  - {at: 2026-01-20T10:00Z, name: appointment.booked, about: A17, data: {starts: 2026-01-27 16:00}}
  - {at: 2026-01-29 20:00, name: answer, sequence: after-visit, step: how-was-it, value: happy}
"""


def read(text: str) -> Scenario:
    findings = Findings()
    scenario = read_scenario("ana.yaml", text.encode(), BUSINESS, findings)
    assert [str(each) for each in findings.problems] == []
    assert scenario is not None
    return scenario


def told(text: str) -> list[str]:
    findings = Findings()
    assert read_scenario("ana.yaml", text.encode(), BUSINESS, findings) is None
    return [str(each) for each in findings.problems]


def test_the_contact_is_somebody_with_every_field() -> None:
    contact = read(ANA).contact
    assert (contact["first_name"], contact["birthday"]) == ("Ana", "02-29")
    assert (contact["visits"], contact["vegan"]) == (7, True)
    assert (contact["stage"], contact["tags"], contact["favourite_dish"], contact["phone"]) == ("lead", [], None, None)


def test_a_time_without_an_offset_is_the_contacts_and_events_come_in_their_order() -> None:
    events = read(ANA).events
    assert [event.name for event in events] == ["signup", "appointment.booked", "visit.completed", "answer"]
    assert events[0].at == datetime(2026, 1, 5, 11, tzinfo=UTC)
    assert events[1].at == datetime(2026, 1, 20, 10, tzinfo=UTC)
    assert events[1].data["starts"] == "2026-01-27T15:00:00+00:00"


def test_money_is_decimal_and_an_answer_is_a_word() -> None:
    events = read(ANA).events
    assert (events[2].value, events[2].about, events[2].data) == (
        Decimal("48.00"),
        "A17",
        {"service": "Cut", "currency": "EUR"},
    )
    assert (events[3].value, events[3].data["value"]) == (None, "happy")


def test_somebody_who_became_a_client_on_a_day_did_so_at_its_beginning() -> None:
    scenario = read("contact: {email: ana@example.org, stage: client, client_since: 2025-06-01}\n")
    assert scenario.contact["client_since"] == datetime(2025, 5, 31, 22, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("contact: {first_name: Ana}", "ana.yaml:1:10: error: `email` is missing here."),
        ("events: []", "ana.yaml:1:1: error: `contact` is missing here."),
        ("contact: {email: ana}", "1:18: error: That doesn't look like an email address"),
        ("contact: {email: a@b.example, name: Ana}", "1:31: error: There is no key `name` in `contact`."),
        ("contact: {email: a@b.example, birthday: 13-01}", "1:41: error: This is no day of the year"),
        ("contact: {email: a@b.example, stage: guest}", "1:38: error: This is none of “lead”"),
        ("contact: {email: a@b.example, timezone: Mars}", "1:41: error: This is no time zone"),
        ("contact: {email: a@b.example, visits: many}", "1:39: error: This should be a number."),
        ("contact: {email: a@b.example, lead: bob}", "1:37: error: `people` of business.yaml has no “bob”"),
        ("contact: {email: a@b.example}\nevents:\n- {at: soon, name: reply}", "3:8: error: This is no date and time"),
        ("contact: {email: a@b.example}\nevents:\n- {name: reply}", "3:3: error: `at` is missing here."),
        (
            "contact: {email: a@b.example}\nevents:\n- {at: 2026-01-05 12:00, name: visit.complete}",
            "3:32: error: There is no event `visit.complete`. (did you mean `visit.completed`?)",
        ),
        (
            "contact: {email: a@b.example}\nevents:\n- {at: 2026-01-05 12:00, name: purchase, value: much}",
            "3:49: error: This should be an amount",
        ),
        (
            "contact: {email: a@b.example}\nevents:\n- {at: 2026-01-05 12:00, name: open}",
            "error: `sequence` is missing here.",
        ),
        (
            "contact: {email: a@b.example}\nevents:\n- {at: 2026-01-05 12:00, name: less-often, topic: News}",
            "error: `topic` says nothing about less-often.",
        ),
        ("contact: {email: a@b.example}\nevents:\n- 7", "3:3: error: An event takes keys with values."),
        ("contact: {email: [", "error"),
        ("\x00", "error"),
    ],
)
def test_what_does_not_fit_is_told_by_its_place(text: str, problem: str) -> None:
    assert any(problem in each for each in told(text)), told(text)
