"""Which sequences begin for a simulated person, and when: events, stages, dates, rhythms and silences."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from service.domain.happening import Happening
from service.domain.sequence.model.duration import Unit
from service.domain.simulation.population.agenda import HAPPENS
from service.domain.simulation.population.course import UNENGAGED, VISITED, Course, fixed_day
from service.domain.simulation.population.memory import START, instant
from service.domain.simulation.population.walk import Enrolment, holds

if TYPE_CHECKING:
    from service.domain.simulation.population.year import Year

CATCHES_UP = 60  # days over which those enter who are overdue on the first day


class Entrance:
    """One person's. `entered` is when they last entered each sequence."""

    def __init__(self, year: Year) -> None:
        self._year = year
        self._entered: dict[str, int] = {}
        self._count = 0

    def expect_dates(self) -> None:
        """Dates that return, and fixed ones."""
        year = self._year
        for course in year.courses.begun_by("date"):
            for date in self._dates(course):
                deed = partial(self.enter, course, "date", {}, date=date)
                if date - course.lead_time >= 0:
                    year.agenda.on(date - course.lead_time, HAPPENS, deed)

    def _dates(self, course: Course) -> list[int]:
        person, name = self._year.person, course.sequence.date
        fixed = fixed_day(course.sequence)
        if fixed is not None:
            return [(fixed - START.date()).days]
        on = person.birthday if name == "contact.birthday" else person.client_since
        if on is None:
            return []
        first = on % 365
        return [day for day in range(first, self._year.days + course.lead_time, 365) if day > on]

    def expect_visit(self, first: bool = False) -> None:
        """What counts from the last visit: rhythms, and silences. `first`: the year begins."""
        memory, year = self._year.memory, self._year
        last = memory.last_visit
        if last is None:
            return
        told = {"name": VISITED, "at": instant(last).isoformat()}
        expected = last + round(memory.rhythm)
        for course in year.courses.begun_by("rhythm", VISITED):
            if expected - course.lead_time >= 0:
                deed = partial(self._unless_visited, last, course, "rhythm", told, expected)
                year.agenda.on(expected - course.lead_time, HAPPENS, deed)
        for course in year.courses.begun_by("quiet", VISITED):
            quiet = last + self._silence(course)
            if quiet < 0 and course.sequence.enrol.existing == "nobody":
                continue
            on = quiet if quiet >= 0 else int(year.person.chance * CATCHES_UP)
            if quiet >= 0 or first:
                year.agenda.on(on, HAPPENS, partial(self._unless_visited, last, course, "quiet", told, None))

    def _silence(self, course: Course) -> int:
        length = next(each.duration for each in course.sequence.enrol.on if each.on == "quiet")
        assert length is not None
        days = {Unit.RHYTHMS: self._year.memory.rhythm, Unit.WEEKS: 7.0, Unit.MONTHS: 30.0, Unit.YEARS: 365.0}
        return round(float(length.amount) * days.get(length.unit, 1.0))

    def _unless_visited(self, last: int, course: Course, on: str, told: Mapping[str, Any], date: int | None) -> None:
        memory = self._year.memory
        if memory.last_visit == last and not (on == "rhythm" and memory.has_booked):
            self.enter(course, on, told, date=date)

    def by_event(self, happening: Happening, data: Mapping[str, Any]) -> None:
        """The sequences that an event begins."""
        told = happening.as_event()
        for course in self._year.courses.begun_by("event", happening.name):
            date = data.get("day") if course.sequence.date == "event.starts" else None
            self.enter(course, happening.name, told, about=happening.about, date=date)

    def by_stage(self, stage: str) -> None:
        for course in self._year.courses.begun_by("becomes", stage):
            self.enter(course, "becomes", {})

    def by_signup(self) -> None:
        for course in self._year.courses.begun_by("signup"):
            self.enter(course, "signup", {})

    def enter(
        self,
        course: Course,
        began_by: str,
        event: Mapping[str, Any],
        *,
        about: str | None = None,
        date: int | None = None,
    ) -> None:
        """The person enters, unless it is too soon, or the sequence is not for them."""
        year, key = self._year, course.sequence.key
        day = year.agenda.day
        last = self._entered.get(key)
        if last is not None and day < last + course.again:
            return
        if not year.is_reachable and began_by != UNENGAGED and not any(not leg.priority for leg in course.legs):
            return
        self._count += 1
        enrolment = Enrolment(
            number=self._count,
            course=course,
            entered=day,
            entered_at=instant(day),
            began_by=began_by,
            chance=(year.person.chance * 7919 + self._count * 0.618) % 1,
            about=about,
            event=dict(event),
            date=date,
            date_at=None if date is None else instant(date),
        )
        condition = course.sequence.enrol.when
        if condition is not None and not holds(year.memory.facts(enrolment, day), condition.source):
            return
        self._entered[key] = day
        year.journeys.take_in(enrolment)
