"""One person's year under one policy: what happens to them, what mail is due, what reaches them, what they do."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from service.domain.kind import MANNERS, keeps_of
from service.domain.pressure import What
from service.domain.sequence.vocabulary import Kind
from service.domain.simulation.population.agenda import HAPPENS, MOVES, RULES, Agenda
from service.domain.simulation.population.course import (
    ANSWER,
    BOOKED,
    CLICK,
    LEFT,
    UNENGAGED,
    VISITED,
    Courses,
    Leg,
)
from service.domain.simulation.population.draws import Draws, Purpose
from service.domain.simulation.population.entering import Entrance
from service.domain.simulation.population.habit import Habit
from service.domain.simulation.population.journeys import Journeys
from service.domain.simulation.population.memory import DAY, Memory
from service.domain.simulation.population.pace import Mail, Outlook, Pace, Ruled
from service.domain.simulation.population.person import Person
from service.domain.simulation.population.recipient import Reaction, Recipient, need
from service.domain.simulation.population.tally import Tally
from service.domain.simulation.population.walk import Enrolment
from service.domain.simulation.population.world import World

LEAD_TIME = 8  # days, at most, from a booking to the visit
ANSWERS = frozenset({ANSWER, CLICK, BOOKED})
CAMPAIGNS = ((Kind.NEWSLETTER, 1), (Kind.OFFER, 5))  # the day of the first


class Year:
    """The person, their draws and their pace; `run` lives it."""

    def __init__(self, courses: Courses, world: World, person: Person, draws: Draws, pace: Pace, days: int) -> None:
        self.courses, self.person, self.days = courses, person, days
        self.memory = Memory(person, courses.library.business)
        self.agenda = Agenda(days)
        self.tally = Tally()
        self.entrance = Entrance(self)
        self.journeys = Journeys(self)
        self.is_reachable = not person.joins
        self._world, self._draws, self._pace = world, draws, pace
        self._recipient = Recipient(person, world, draws)
        self._habit = Habit(person, world, draws, days)
        self._waiting: list[Mail] = []
        self._count = 0
        self._today = (-1, 0)  # a day, and how many mails arrived on it
        self._rules_on: int | None = None
        self._books_on: int | None = None
        self._follow_ups: dict[int, int] = {}  # unanswered mails by thread

    def run(self) -> Tally:
        """Live it."""
        person, agenda = self.person, self.agenda
        if person.joins:
            agenda.on(person.joins, HAPPENS, self._join)
        else:
            self.entrance.expect_dates()
            self.entrance.expect_visit(first=True)
        self._expect_booking(person.joins)
        if person.tells and person.churns < self.days:
            agenda.on(int(person.churns), HAPPENS, partial(self._happen, LEFT, {"reason": "other"}))
        for kind, first in CAMPAIGNS:
            every = self._world.news_every if kind is Kind.NEWSLETTER else self._world.offer_every
            for day in range(first, self.days, every) if every else ():
                agenda.on(day, MOVES, partial(self._campaign, kind))
        agenda.run()
        self.tally.reachable = int(self.is_reachable)
        return self.tally

    def queue(self, kind: Kind, keeps: float, thread: int = 0, asks: bool = False) -> Mail:
        """A mail is due: it waits for a slot. `keeps` is for how many days, `thread` its enrolment."""
        self._count += 1
        mail = Mail(self._count, kind, MANNERS[kind].priority, self.agenda.day, keeps, thread, asks)
        self._waiting.append(mail)
        self._rule_on(self.agenda.day)
        return mail

    def forget(self, thread: int) -> None:
        """The mail of an enrolment that is over waits no more."""
        self._waiting = [each for each in self._waiting if each.thread != thread]

    def _join(self) -> None:
        self.is_reachable = True
        self.entrance.by_signup()

    def _campaign(self, kind: Kind) -> None:
        if self.is_reachable:
            self.queue(kind, keeps_of(kind, self.courses.policy) / DAY)

    def _expect_booking(self, after: int) -> None:
        self._books_on = self._habit.next_booking(after, self.memory.last_visit)
        if self._books_on is not None:
            self.agenda.on(self._books_on, HAPPENS, partial(self._book_by_habit, self._books_on))

    def _book_by_habit(self, day: int) -> None:
        if self._books_on == day:
            self._book()

    def _book(self) -> None:
        """They book, and will come in the days after."""
        day = self.agenda.day
        self._books_on = None
        visit = day + 1 + int(self._draws.of_mail(Purpose.LEAD_TIME, day, 0) * LEAD_TIME)
        self.tally.conversions += 1
        self._pace.reacted(What.BOOKING, None, day)
        self._happen(BOOKED, {"day": visit}, about=f"a{day}")
        self.agenda.on(visit, HAPPENS, partial(self._visit, f"a{day}"))

    def _visit(self, about: str) -> None:
        self._pace.reacted(What.BOOKING, None, self.agenda.day)
        self._happen(VISITED, {}, about=about)
        self.entrance.expect_visit()
        self._expect_booking(self.agenda.day)

    def _happen(
        self, name: str, data: Mapping[str, Any], enrolment: Enrolment | None = None, about: str | None = None
    ) -> None:
        """An event: it ends what it ends, wakes what listens, begins what it begins."""
        stage = self.memory.contact["stage"]
        number = enrolment.number if enrolment else None
        happening = self.memory.happen(name, self.agenda.day, data, number, about)
        if name in ANSWERS:
            self._follow_ups.clear()
        self.journeys.heard(name, answers=name in ANSWERS)
        self.entrance.by_event(happening, data)
        if self.memory.contact["stage"] != stage:
            self.entrance.by_stage(self.memory.contact["stage"])
        self._rule_on(self.agenda.day)

    def _rule_on(self, day: int) -> None:
        """Look at what waits on this day, if not before."""
        if self._waiting and (self._rules_on is None or day < self._rules_on):
            self._rules_on = day
            self.agenda.on(day, RULES, partial(self._rule, day))

    def _rule(self, on: int) -> None:
        if self._rules_on != on:
            return
        self._rules_on = None
        if not self._waiting:
            return
        ruled = self._pace.rule(self._waiting, self.agenda.day, self._outlook)
        if ruled.sent or ruled.dropped:
            gone = {each.number for each in (*ruled.sent, *ruled.dropped)}
            self._waiting = [each for each in self._waiting if each.number not in gone]
        for mail in ruled.dropped:
            self.tally.expired[mail.priority] += 1
            self.journeys.expired(mail)
        for mail in ruled.sent:
            if self.is_reachable:
                self._send(mail)
        self._after(ruled)

    def _after(self, ruled: Ruled) -> None:
        if ruled.silenced:
            self._leave()
            self.tally.silenced = 1
        if ruled.asks and self.is_reachable:
            self._happen(UNENGAGED, {})
        if ruled.again is not None:
            self._rule_on(ruled.again)

    def _outlook(self) -> Outlook:
        """What else is known of them today."""
        memory = self.memory
        return Outlook(memory.last_visit, memory.rhythm, self.journeys.warm_ahead())

    def _send(self, mail: Mail) -> None:
        day = self.agenda.day
        nth = self._today[1] if self._today[0] == day else 0
        self._today = (day, nth + 1)
        self.tally.mails += 1
        self.tally.held += day - mail.day
        follow_up = self._follow_ups.get(mail.thread, 0)
        if mail.thread:
            self._follow_ups[mail.thread] = follow_up + 1
        reaction = self._recipient.receive(mail.kind, day, nth, self._need(), follow_up)
        self._react(mail, reaction, self.journeys.left(mail), nth)

    def _need(self) -> float:
        if self.memory.has_booked or self.agenda.day >= self.person.churns:
            return 0.0
        last = self.memory.last_visit
        return need(None if last is None else (self.agenda.day - last) / self.person.interval)

    def _react(self, mail: Mail, reaction: Reaction, step: tuple[Enrolment, Leg] | None, nth: int) -> None:
        day = self.agenda.day
        if reaction.noticed and not self.person.hides_opens:
            self._pace.reacted(What.OPEN, mail.number, day)
        if reaction.clicked:
            self._pace.reacted(What.ANSWER, mail.number, day)
            self._click(step, nth)
        if reaction.leaves:
            self._leave()
            self.tally.complaints += reaction.complains
            self.tally.unsubscribes += not reaction.complains
        if reaction.books and not self.memory.has_booked:
            self._book()

    def _leave(self) -> None:
        """No mail any more, but for what they book."""
        self.is_reachable = False
        for mail in self._waiting:
            self.journeys.expired(mail)
        self._waiting = []

    def _click(self, step: tuple[Enrolment, Leg] | None, nth: int) -> None:
        if step is None:
            self._happen(CLICK, {})
            return
        enrolment, leg = step
        about = {"sequence": enrolment.course.sequence.key, "step": leg.step.key}
        self._happen(CLICK, about, enrolment)
        if leg.answers:
            self._happen(ANSWER, {**about, "value": self._answer(leg, nth)}, enrolment)

    def _answer(self, leg: Leg, nth: int) -> str:
        draw, first = self._draws.of_mail(Purpose.ANSWER, self.agenda.day, nth), self._world.first_answer
        if draw < first or len(leg.answers) == 1:
            return leg.answers[0]
        others = leg.answers[1:]
        return others[min(int((draw - first) / (1 - first) * len(others)), len(others) - 1)]
