"""Whom a mail is shown to: everything is known about a friendly person, and what began the sequence is made up."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from service.domain.happening import Happening
from service.domain.persona import Persona, as_answered, somebody
from service.domain.scenario import read_scenario
from service.domain.sequence.findings import Findings
from service.domain.sequence.model.business import Business
from service.domain.sequence.model.enrol import Enrol, Trigger
from service.domain.sequence.model.expression import Expression
from service.domain.sequence.model.place import Place
from service.domain.sequence.model.sequence import Sequence
from service.domain.sequence.model.step import Anchor, Step, When
from service.domain.sequence.vocabulary import Kind, Stage

NOW = datetime(2027, 3, 9, 9, 0, tzinfo=UTC)
HERE = Place("sequences/letters.md")
BUSINESS = Business(
    "Glow Studio",
    "mia@glow.example",
    "Lindenweg 4",
    "Europe/Berlin",
    people=(("owner", "mia@glow.example"), ("lead", "lea@glow.example")),
    fields=(("lead", "person"), ("prefers", ("email", "phone")), ("review_date", "date"), ("vegan", "yes-no")),
    events=(("appointment.booked", (("starts", "time"), ("manage_url", "link"))),),
)


def sequence(*on: Trigger, date: str | None = None, steps: tuple[Step, ...] = ()) -> Sequence:
    return Sequence("letters", "Letters", Stage.NURTURE, "Tips", Kind.LETTER, Enrol(on), steps, HERE, date=date)


def ana(**contact: Any) -> Persona:
    persona = somebody(BUSINESS, NOW.date())
    return replace(persona, contact={**persona.contact, **contact})


def test_everything_is_known_about_a_friendly_person() -> None:
    contact = somebody(BUSINESS, NOW.date()).contact
    known = {name for name, value in contact.items() if value not in (None, "")}
    assert {"email", "first_name", "phone", "address", "client_since", "birthday", "lead", "prefers", "vegan"} <= known
    assert (contact["lead"], contact["prefers"], contact["review_date"]) == ("lead", "email", "2027-03-18")


def test_what_began_a_sequence_is_made_up_where_it_never_happened() -> None:
    facts = ana().facts(sequence(Trigger("event", "appointment.booked")), NOW)
    assert facts.event["name"] == "appointment.booked"
    assert facts.event["manage_url"] == "https://example.com/"
    assert facts.holds('event.starts and upcoming("appointment") and days_since("appointment.booked") == 0')


def test_what_really_happened_is_told_as_it_was() -> None:
    visit = Happening("visit.completed", NOW, {"with": "Noa"}, Decimal("48.00"), about="A17")
    facts = replace(ana(), happenings=(visit,)).facts(sequence(Trigger("event", "visit.completed")), NOW)
    assert (facts.event["with"], facts.event["about"], facts.event["value"]) == ("Noa", "A17", "48.00")


def test_a_date_is_the_next_one_and_a_rhythms_lies_ahead() -> None:
    birthday = ana(birthday="02-29").facts(sequence(Trigger("date"), date="contact.birthday"), NOW).date
    assert birthday is not None
    assert birthday.at == datetime(2028, 2, 28, 23, tzinfo=UTC)  # midnight in Berlin
    expected = ana().facts(sequence(Trigger("rhythm", "visit.completed")), NOW)
    assert expected.date is not None
    assert expected.date.at > NOW
    assert expected.holds('days_since("visit.completed") > 30')


def test_a_step_that_waits_for_an_answer_is_shown_as_if_it_was_given() -> None:
    asked = Expression('answer("how-was-it") in ["partly", "no"]', HERE)
    step = Step("listen", "listen", When(Anchor.LATER), HERE, Kind.LETTER, condition=asked)
    facts = ana().facts(sequence(Trigger("signup"), steps=(step,)), NOW)
    assert not facts.holds(asked.source)
    assert as_answered(facts, step).holds('answer("how-was-it") == "partly"')


def test_an_answer_that_was_given_stays() -> None:
    asked = Expression('answer("how-was-it") == "no"', HERE)
    step = Step("listen", "listen", When(Anchor.LATER), HERE, Kind.LETTER, condition=asked)
    given = Happening("answer", NOW, {"sequence": "letters", "step": "how-was-it", "value": "yes"})
    facts = replace(ana(), happenings=(given,)).facts(sequence(Trigger("signup")), NOW)
    assert as_answered(facts, step) == facts


def test_somebody_of_a_scenario_has_their_own_zone() -> None:
    text = b"contact: {email: eva@example.org, timezone: Europe/Madrid}\n"
    scenario = read_scenario("eva.yaml", text, BUSINESS, Findings())
    assert scenario is not None
    assert scenario.zone == ZoneInfo("Europe/Madrid")
