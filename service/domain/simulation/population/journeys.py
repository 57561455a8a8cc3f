"""The sequences that one simulated person is in: they move on as days pass and things happen, and make mail due."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from service.domain.effect import Effect, EnrolIn, LeaveOf, Retag, SetField, effects, retagged
from service.domain.facts import Facts
from service.domain.sequence.expression import ExpressionError
from service.domain.simulation.population.agenda import MOVES
from service.domain.simulation.population.course import Leg
from service.domain.simulation.population.pace import Mail
from service.domain.simulation.population.walk import Do, Enrolment, Later, Over, ends, next_act

if TYPE_CHECKING:
    from service.domain.simulation.population.year import Year


class Journeys:
    """One person's."""

    def __init__(self, year: Year) -> None:
        self._year = year
        self._inside: list[Enrolment] = []
        self._mails: dict[int, tuple[Enrolment, Leg]] = {}  # that wait for a slot, by number

    def take_in(self, enrolment: Enrolment) -> None:
        """The person is inside a sequence."""
        self._inside.append(enrolment)
        self._year.memory.enter(enrolment)
        self._soon(enrolment)

    def heard(self, name: str, *, answers: bool) -> None:
        """An event ends what it ends; where it `answers` mail, what waits for an answer is looked at."""
        year = self._year
        for each in tuple(self._inside):
            course = each.course
            if name in course.ends_on or (name in course.asks_on and ends(each, self._recall(each))):
                self._end(each)
        for each in self._inside if answers else ():
            each.unanswered = 0
            if each.listens_until is not None:
                year.agenda.on(year.agenda.day, MOVES, partial(self.move, each))

    def move(self, enrolment: Enrolment) -> None:
        """Take somebody as far as they come today."""
        year = self._year
        while not enrolment.is_over and not enrolment.is_held:
            match next_act(enrolment, year.agenda.day, year.memory.rhythm, self._recall):
                case Later(day=later):
                    year.agenda.on(later, MOVES, partial(self.move, enrolment))
                    return
                case Over():
                    self._end(enrolment)
                case Do(leg=leg):
                    self._do(enrolment, leg)
                case _:
                    enrolment.pass_leg(None)

    def left(self, mail: Mail) -> tuple[Enrolment, Leg] | None:
        """A mail left; the step that it was, None for a newsletter or an offer to everybody."""
        found = self._mails.pop(mail.number, None)
        if found is not None:
            enrolment, leg = found
            enrolment.is_held = False
            enrolment.mails += 1
            enrolment.unanswered += 1
            self._done(enrolment, leg, "sent")
            self._soon(enrolment)
        return found

    def expired(self, mail: Mail) -> None:
        """A mail won't leave any more."""
        found = self._mails.pop(mail.number, None)
        if found is not None:
            enrolment, _ = found
            enrolment.is_held = False
            enrolment.pass_leg(None)
            self._soon(enrolment)

    def warm_ahead(self) -> int | None:
        """The day of the soonest mail of P1 to P3 that is planned and not due yet."""
        day = self._year.agenda.day
        planned = (each.due_on for each in self._inside if each.due_on > day and each.leg is not None and each.leg.warm)
        return min(planned, default=None)

    def _soon(self, enrolment: Enrolment) -> None:
        self._year.agenda.on(self._year.agenda.day, MOVES, partial(self.move, enrolment))

    def _end(self, enrolment: Enrolment) -> None:
        if enrolment.is_over:
            return
        enrolment.is_over = True
        self._inside.remove(enrolment)
        self._year.memory.leave(enrolment)
        if enrolment.is_held:
            self._year.forget(enrolment.number)

    def _recall(self, enrolment: Enrolment) -> Facts:
        return self._year.memory.facts(enrolment, self._year.agenda.day)

    def _do(self, enrolment: Enrolment, leg: Leg) -> None:
        year, step = self._year, leg.step
        if step.is_email and leg.priority:
            if not year.is_reachable:
                enrolment.pass_leg(None)
                return
            enrolment.is_held = True
            mail = year.queue(step.kind, leg.keeps, enrolment.number, enrolment.course.asks_to_stay)
            self._mails[mail.number] = (enrolment, leg)
            return
        if step.is_email:
            year.tally.service += 1
        self._done(enrolment, leg, "sent" if step.is_email else "done")

    def _done(self, enrolment: Enrolment, leg: Leg, state: str) -> None:
        day = self._year.agenda.day
        self._year.memory.touched(enrolment, leg.step.key, state, leg.priority, day)
        enrolment.pass_leg(day)
        for effect in self._effects(enrolment, leg) if leg.step.actions else ():
            self._carry_out(enrolment, effect)

    def _effects(self, enrolment: Enrolment, leg: Leg) -> tuple[Effect, ...]:
        try:
            return effects(leg.step, self._recall(enrolment))
        except ExpressionError:
            return ()

    def _carry_out(self, enrolment: Enrolment, effect: Effect) -> None:
        year, contact = self._year, self._year.memory.contact
        match effect:
            case SetField(name=name, value=value):
                contact[name] = value
                if name == "stage":
                    year.entrance.by_stage(str(value))
            case Retag():
                contact["tags"] = tuple(retagged(contact["tags"], effect))
            case EnrolIn(sequence=key):
                course = year.courses.course(key)
                if course is not None:
                    year.entrance.enter(course, "enrol", enrolment.event)
            case LeaveOf(sequence=key):
                others = [each for each in self._inside if each is not enrolment]
                for each in others:
                    if key in {None, each.course.sequence.key}:
                        self._end(each)
