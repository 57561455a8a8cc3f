"""When people come by themselves: a chance a day that grows as their time comes, and fades when it is long past."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from service.domain.simulation.population.draws import Draws
from service.domain.simulation.population.person import Person
from service.domain.simulation.population.world import World

STRAYS = 0.0015  # the chance a day of somebody who was never here
FORGETS = 2.0  # own intervals after which it halves with each further one
BLOCK = 64


class Habit:
    """One person's."""

    def __init__(self, person: Person, world: World, draws: Draws, days: int) -> None:
        self._last_day = int(min(days, max(person.churns, 0)))
        longest = days - min(0, person.last_visit or 0)
        self._chances = chances(person.interval, world.organic, longest + 1)
        self._draws = draws.organic

    def next_booking(self, after: int, last_visit: int | None) -> int | None:
        """The first day after this one on which they book by themselves; None where there is none."""
        day = after + 1
        while day < self._last_day:
            until = min(day + BLOCK, self._last_day)
            chance = STRAYS if last_visit is None else self._chances[day - last_visit : until - last_visit]
            found = np.flatnonzero(self._draws[day:until] < chance)
            if found.size:
                return day + int(found[0])
            day = until
        return None


def chances(interval: float, organic: float, days: int) -> NDArray[np.float64]:
    """The chance of each day since the last visit."""
    since = np.arange(days) / interval
    cubed = since**3
    fades: NDArray[np.float64] = 2.0 ** -np.maximum(0.0, since - FORGETS)
    return np.minimum(0.5, organic / interval * cubed / (1 + cubed) * fades)
