"""Whom a mail is shown to before it is sent: somebody known, or a friendly person who never was."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from service.domain.arm import draw_arm
from service.domain.event import events_of
from service.domain.facts import Facts
from service.domain.happening import Happening
from service.domain.moment import Given, Moment, near
from service.domain.scenario import Scenario
from service.domain.sequence.expression import Empty
from service.domain.sequence.model.business import Business
from service.domain.sequence.model.expression import Expression
from service.domain.sequence.model.sequence import Sequence
from service.domain.sequence.model.step import Step
from service.domain.sequence.names import CONTACT, RAISED, Shape

ANA: dict[str, Any] = {
    "email": "ana@example.org",
    "first_name": "Ana",
    "last_name": "García",
    "phone": "+34 600 123 456",
    "address": "Calle Mayor 3, 28013 Madrid",
    "company": "García & Daughters",
    "stage": "client",
    "birthday": "05-04",
    "source": "website",
    "tags": [],
}
WORDS = {"with": "Lea", "service": "Cut", "product": "a gift card", "place": "Lindenweg 4", "value": "happy"}
AHEAD = timedelta(days=9)  # what lies before an example person
BEHIND = timedelta(days=37)
BEGINS = frozenset({"event", "rhythm", "quiet"})  # triggers that have an event

_ANSWER = re.compile(r"""answer\(["']([\w/-]+)["']\)""")
_COMPARED = re.compile(r"""^\s*(?:==|in)\s*\[?["']([a-z0-9-]+)["']""")


@dataclass(frozen=True, slots=True)
class Persona:
    """A person, as far as letters may speak of them. `known` are the facts of sequences that they are really in."""

    business: Business
    contact: Mapping[str, Any]
    zone: ZoneInfo
    happenings: tuple[Happening, ...] = ()
    known: Mapping[str, Facts] = field(default_factory=dict)

    @property
    def language(self) -> str:
        return self.contact.get("language") or self.business.languages[0]

    def reading(self, language: str) -> Persona:
        """The same person, who reads another language."""
        return replace(self, contact={**self.contact, "language": language})

    def facts(self, sequence: Sequence, now: datetime) -> Facts:
        """The facts of an enrolment that began just now; what began it is made up where it never happened."""
        if sequence.key in self.known:
            return self.known[sequence.key]
        event, form = self._event(sequence, now), self._form(sequence, now)
        return Facts(
            business=self.business,
            enrolment_id=0,
            sequence=sequence.key,
            entered_at=now,
            now=now,
            zone=self.zone,
            contact=self.contact,
            event=event,
            form=form,
            happenings=self.happenings or self._made_up(sequence, event, now),
            referral={"code": "ANA123", "from": "Bea", "friend": "Carla", "count": 1, "reward": None},
            date=self._date(sequence, Given(self.business, self.zone, self.contact, event, form), now),
            arm=draw_arm(sequence, ""),
        )

    def _made_up(self, sequence: Sequence, event: Mapping[str, Any], now: datetime) -> tuple[Happening, ...]:
        """What began it; a rhythm or a silence began with something longer ago."""
        if not event:
            return ()
        behind = timedelta() if any(trigger.on == "event" for trigger in sequence.enrol.on) else BEHIND
        return (Happening(event["name"], now - behind, event),)

    def _event(self, sequence: Sequence, now: datetime) -> dict[str, Any]:
        names = [trigger.name for trigger in sequence.enrol.on if trigger.on in BEGINS]
        seen = [each for each in self.happenings if each.name in names]
        if seen:
            return seen[-1].as_event()
        if not names:
            return {}
        shapes = (events_of(self.business) | RAISED)[names[0]]
        data = example_data(shapes, self.business, now.date())
        return {"value": "48.00", "currency": self.business.currency, **data, "name": names[0], "at": now.isoformat()}

    def _form(self, sequence: Sequence, now: datetime) -> dict[str, Any]:
        signed_up = [each.data for each in self.happenings if each.name == "signup"]
        forms = [form for form in self.business.forms if sequence.enrol.form in {None, form.slug}]
        shapes: dict[str, Shape] = {each.name: each.choices or each.type for form in forms for each in form.fields}
        names = {name: self.contact.get(name) for name in ("first_name", "last_name")}
        return names | example_data(shapes, self.business, now.date()) | dict(signed_up[-1] if signed_up else {})

    def _date(self, sequence: Sequence, given: Given, now: datetime) -> Moment | None:
        """The next one; where all lie behind, the last."""
        if any(trigger.on == "rhythm" for trigger in sequence.enrol.on):
            return Moment(now + AHEAD, is_day=True)
        found = near(sequence, given, now)
        return next((each for each in found if each.at >= now), found[-1] if found else None)


def as_answered(facts: Facts, step: Step) -> Facts:
    """The facts with the answers that a step speaks of: where they were never given, it would not be reached."""
    asked = [each.source for each in (step.condition, *_expressions(step)) if each is not None]
    named = dict.fromkeys(name for source in asked for name in _ANSWER.findall(source))
    missing = [name for name in named if isinstance(facts.answer(name), Empty)]
    wanted = {name: _COMPARED.search(" ".join(asked).partition(f'answer("{name}")')[2]) for name in missing}
    given = tuple(_answered(facts, name, found[1] if found else "yes") for name, found in wanted.items())
    return replace(facts, happenings=facts.happenings + given)


def _answered(facts: Facts, name: str, value: str) -> Happening:
    sequence, slash, step = name.rpartition("/")
    data = {"sequence": sequence if slash else facts.sequence, "step": step, "value": value}
    return Happening("answer", facts.now, data, enrolment_id=facts.enrolment_id)


def _expressions(step: Step) -> tuple[Expression, ...]:
    bodies = (step.body, *(words.body for _, words in step.translations))
    return tuple(each for body in bodies if body for each in body.expressions)


def persona_of(business: Business, scenario: Scenario) -> Persona:
    """The person of a scenario file."""
    return Persona(business, scenario.contact, scenario.zone, scenario.events)


def somebody(business: Business, today: date) -> Persona:
    """A friendly person about whom everything is known: each field holds something, the business's own included."""
    own = example_data(dict(business.fields), business, today)
    since = datetime.combine(today - timedelta(days=400), datetime.min.time(), ZoneInfo(business.zone))
    contact = dict.fromkeys(CONTACT) | own | ANA | {"client_since": since}
    return Persona(business, contact, ZoneInfo(business.zone))


def example_data(shapes: Mapping[str, Shape], business: Business, today: date) -> dict[str, Any]:
    """Something that fits each field; a text says which field it stands for."""
    return {name: _example(name, shape, business, today) for name, shape in shapes.items()}


def _example(name: str, shape: Shape, business: Business, today: date) -> Any:
    if isinstance(shape, tuple):
        return shape[0]
    values: dict[str, Any] = {
        "number": 3,
        "money": 48,
        "date": (today + AHEAD).isoformat(),
        "month-day": "06-21",
        "time": f"{today + AHEAD}T18:00:00",
        "link": "https://example.com/",
        "email": "someone@example.org",
        "phone": ANA["phone"],
        "person": next((person for person, _ in sorted(business.people, key=lambda each: each[0] != name)), "Mia"),
        "yes-no": True,
    }
    return values.get(shape) or WORDS.get(name) or name.replace("_", " ")
