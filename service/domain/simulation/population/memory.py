"""What is known of a simulated person, as conditions ask about it: the engine's own `Facts`, over a model's year."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from service.domain.effect import STAGE_AFTER
from service.domain.facts import Facts
from service.domain.happening import Happening, Touch
from service.domain.moment import Moment
from service.domain.sequence.model.business import Business
from service.domain.sequence.model.duration import Duration, Unit
from service.domain.simulation.population.course import BOOKED, RAISED, VISITED
from service.domain.simulation.population.person import Person
from service.domain.simulation.population.walk import Enrolment

START = datetime(2026, 1, 5, 10, tzinfo=UTC)  # a Monday; a day's mail leaves at this hour
DAY = timedelta(days=1)
ZONE = ZoneInfo("UTC")
REMEMBERED = 12  # visits before the first day
PRIOR = 3  # as in `service.domain.rhythm`
SIX_WEEKS = 42.0


@lru_cache(maxsize=4096)  # asked for some hundred times in every life
def instant(day: int) -> datetime:
    """When a day of the model is, in UTC."""
    return START + day * DAY


class Memory:
    """One person's fields, happenings and touches."""

    def __init__(self, person: Person, business: Business) -> None:
        self.business = business
        birthday = START.replace(month=1, day=1) + person.birthday * DAY
        self.contact: dict[str, Any] = {
            "email": f"{person.number}@people.example",
            "stage": "lead" if person.last_visit is None else "client",
            "birthday": f"{birthday:%m-%d}",
            "client_since": None if person.client_since is None else instant(person.client_since).date().isoformat(),
            "tags": (),
        }
        self.happenings: list[Happening] = []
        self.touches: list[Touch] = []
        self._inside: dict[str, int] = {}
        self.has_booked = False  # an appointment lies ahead
        self.visits: list[int] = []
        if person.last_visit is not None:
            for nth in reversed(range(min(person.visits, REMEMBERED))):
                self._visited(person.last_visit - round(nth * person.interval))
        self.usual = _usual(business)
        self._facts: tuple[tuple[int, ...], Facts] | None = None  # those asked for last, and when they are stale
        self._consented = frozenset(topic.name for topic in business.topics)

    def _visited(self, day: int) -> None:
        self.visits.append(day)
        self.happenings.append(Happening(VISITED, instant(day), key=f"v{day}"))

    def happen(
        self, name: str, day: int, data: Mapping[str, Any], enrolment: int | None, about: str | None
    ) -> Happening:
        """An event is remembered; the stage that follows from it is taken."""
        assert name in RAISED
        happening = Happening(name, instant(day), data, enrolment_id=enrolment, about=about, key=f"{name}:{day}")
        self.happenings.append(happening)
        if name == VISITED:
            self.visits.append(day)
        if name in {BOOKED, VISITED}:
            self.has_booked = name == BOOKED
        stage = STAGE_AFTER.get(name)
        if stage is not None and self.contact["stage"] != stage:
            self.contact["stage"] = stage
            if stage == "client" and self.contact["client_since"] is None:
                self.contact["client_since"] = instant(day).date().isoformat()
        return happening

    def enter(self, enrolment: Enrolment) -> None:
        """The person is inside a sequence."""
        key = enrolment.course.sequence.key
        self._inside[key] = self._inside.get(key, 0) + 1

    def leave(self, enrolment: Enrolment) -> None:
        self._inside[enrolment.course.sequence.key] -= 1

    def touched(self, enrolment: Enrolment, step: str, state: str, priority: int, day: int) -> None:
        """A step was done."""
        sequence = enrolment.course.sequence.key
        self.touches.append(Touch(enrolment.number, sequence, step, state, priority, instant(day)))

    @property
    def last_visit(self) -> int | None:
        return self.visits[-1] if self.visits else None

    @property
    def rhythm(self) -> float:
        """The expected days from a visit to the next, as `service.domain.rhythm` reckons them."""
        gaps = len(self.visits) - 1
        if gaps < 1:
            return self.usual
        return (PRIOR * self.usual + self.visits[-1] - self.visits[0]) / (PRIOR + gaps)

    def facts(self, enrolment: Enrolment, day: int) -> Facts:
        """Everything that a decision about an enrolment may look at."""
        known = (enrolment.number, day, len(self.happenings), len(self.touches))
        if self._facts is None or self._facts[0] != known:
            self._facts = (known, self._recall(enrolment, day))
        return self._facts[1]

    def _recall(self, enrolment: Enrolment, day: int) -> Facts:
        return Facts(
            business=self.business,
            enrolment_id=enrolment.number,
            sequence=enrolment.course.sequence.key,
            entered_at=enrolment.entered_at,
            now=instant(day),
            zone=ZONE,
            contact=self.contact,
            event=enrolment.event,
            happenings=tuple(self.happenings),
            touches=tuple(self.touches),
            consented=self._consented,
            inside=frozenset(key for key, count in self._inside.items() if count),
            about=enrolment.about,
            began_by=enrolment.began_by,
            date=Moment(enrolment.date_at) if enrolment.date_at is not None else None,
            seed=self.contact["email"],
        )


def _usual(business: Business) -> float:
    lengths = dict(dict(business.rhythm).get(VISITED, ()))
    found = lengths.get("else") or next(iter(lengths.values()), Duration.of(6, Unit.WEEKS))
    days = {Unit.DAYS: 1, Unit.WEEKS: 7, Unit.MONTHS: 30, Unit.YEARS: 365}.get(found.unit)
    return float(found.amount) * days if days else SIX_WEEKS
