"""What a mail's question, or a task's briefing, says to the person who follows its link."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from service.domain.sequence.answers import Offer, answers_of
from service.domain.sequence.filters import Speech
from service.domain.sequence.model.business import Business
from service.domain.sequence.model.sequence import Sequence
from service.domain.sequence.model.step import Step
from service.ports import Published
from service.rendering.briefing import line
from service.rendering.compile import language_for
from service.store.contact import Contact
from service.store.enrolment import Enrolment
from service.store.history import facts_of, read_pasts, zone_of


@dataclass(frozen=True, slots=True)
class Told:
    """The names that a text may print for one person, and whose language they are spoken in."""

    names: Mapping[str, object]
    speech: Speech

    def answers(self, step: Step) -> dict[str, str]:
        """The words of each answer that a step offers, by its value, in the order of its text."""
        return self.choices(answers_of(step, language_for(step, self.speech.language)))

    def choices(self, offers: tuple[Offer, ...]) -> dict[str, str]:
        """The words of each of these answers, by its value."""
        return {each.value: line(each.words, each.expressions, self.names, self.speech) for each in offers}

    def subject(self, written: tuple[Sequence, Step], arm: str | None) -> str:
        """The subject of a step's mail; its title where it has none."""
        sequence, step = written
        said = step.in_language(language_for(step, self.speech.language))
        subjects = {each.arm: each for each in reversed(said.subjects)}
        subject = subjects.get(arm) or subjects.get(None) or next(reversed(subjects.values()), None)
        if subject is None:
            return step.title
        return line(subject.text, subject.expressions, self.names, self.speech) or sequence.title


def told(
    session: Session, published: Published, contact: Contact, enrolment: Enrolment, language: str, now: datetime
) -> Told:
    """What may be said about a contact inside an enrolment."""
    business: Business = published.library.business
    facts = facts_of(business, contact, enrolment, read_pasts(session, [contact.id])[contact.id], now)
    zone = zone_of(contact, business)
    return Told(facts.names(), Speech(language, zone, business.currency, now.astimezone(zone).date()))
