"""What mail does to a simulated recipient: they notice it or not, tire of it, click, book, leave.

The model of section 3g of the research. It knows nothing of policies, and its fatigue is another than the pressure
that they reckon with: another half-life, and weights of its own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from service.domain.sequence.vocabulary import Kind
from service.domain.simulation.population.draws import Draws, Purpose
from service.domain.simulation.population.person import Person
from service.domain.simulation.population.world import World

FLOOR = 0.2  # attention never falls below it
ASLEEP = 0.5  # the need of those who have not been here yet
TIMELY = frozenset({Kind.NUDGE, Kind.OFFER})  # relevant as far as there is need
HALF_IGNORED = 0.5  # of the erosion, for a mail that was seen and passed over
BEGINS, FULL, LATE = 0.5, 1.0, 2.2  # of the own interval: when need begins, is whole, and fades


@dataclass(frozen=True, slots=True)
class Reaction:
    noticed: bool
    clicked: bool
    books: bool
    leaves: bool
    complains: bool


def need(since: float | None) -> float:
    """How much a person needs a visit, from 0 to 1; `since` their last one, in intervals of their own."""
    if since is None:
        return ASLEEP
    if since <= LATE:
        return min(1.0, max(0.0, (since - BEGINS) / (FULL - BEGINS)))
    return float(2.0 ** (LATE - since))


class Recipient:
    """One person's fatigue and attention, as they change with each mail."""

    __slots__ = ("_at", "_draws", "_person", "_world", "attention", "fatigue")

    def __init__(self, person: Person, world: World, draws: Draws) -> None:
        self.fatigue = 0.0
        self.attention = 1.0
        self._at = 0
        self._person, self._world, self._draws = person, world, draws

    def receive(self, kind: Kind, day: int, nth: int, needs: float, follow_up: int) -> Reaction:
        """A mail arrives, the nth of the day; `follow_up` unanswered ones of its enrolment came before it."""
        world = self._world
        self._recover(day)
        relevance = self.relevance(kind, needs)
        noticed = self._draw(Purpose.NOTICE, day, nth) < world.notice * self.attention
        pushes = world.push[kind] * world.mail_effect * needs * world.follow_up**follow_up
        books = noticed and self._draw(Purpose.BOOK, day, nth) < pushes
        clicked = noticed and (books or self._draw(Purpose.CLICK, day, nth) < world.clicks * relevance)
        if not clicked:
            erosion = world.erosion * (HALF_IGNORED if noticed else 1)
            self.attention = max(FLOOR, self.attention * (1 - erosion))
        leaves = self._draw(Purpose.LEAVE, day, nth) < self._leaving(relevance)
        self.fatigue += 1 + world.irrelevance * (1 - relevance)
        complains = leaves and self._draw(Purpose.COMPLAIN, day, nth) < world.complaint
        return Reaction(noticed, clicked, books, leaves, complains)

    def relevance(self, kind: Kind, needs: float) -> float:
        """From 0 to 1: what the kind is to anybody, by this person's interest, and by need where it speaks of one."""
        timely = 0.3 + 0.7 * needs if kind in TIMELY else 1.0
        return min(1.0, self._world.relevance[kind] * (0.5 + self._person.interest) * timely)

    def _leaving(self, relevance: float) -> float:
        world = self._world
        tired = math.exp(min(world.fatigue_drives * self.fatigue / self._person.tolerance, 30))
        return min(1.0, world.leave * (1 - world.relevance_keeps * relevance) * tired)

    def _recover(self, day: int) -> None:
        passed = day - self._at
        if passed:
            self.fatigue *= 2.0 ** (-passed / self._world.fatigue_half_life)
            self.attention = 1 - (1 - self.attention) * 2.0 ** (-passed / self._world.recovery)
            self._at = day

    def _draw(self, purpose: Purpose, day: int, nth: int) -> float:
        return self._draws.of_mail(purpose, day, nth)
