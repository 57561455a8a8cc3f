"""Many recipients under several policies, side by side: means per contact and their standard errors.

Every person has the same draws under every policy, so what differs between policies differs by them; the standard
errors of differences are those of the paired differences.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from service.domain.policy import Policy
from service.domain.simulation.population.course import Courses
from service.domain.simulation.population.draws import Draws
from service.domain.simulation.population.person import draw_person
from service.domain.simulation.population.policies import EVERAFTER, NO_MAIL, NONE, THINNED, Variant
from service.domain.simulation.population.tally import CLASSES, Tally
from service.domain.simulation.population.world import World
from service.domain.simulation.population.year import Year

MEASURES = (
    "mails",
    "conversions",
    "unsubscribes",
    "complaints",
    "reachable",
    "silenced",
    "service",
    "held",
    *(f"expired P{number}" for number in range(CLASSES)),
)
THINNINGS = 3  # how often the share of `random-thin` is set anew
CLOSE = 0.01  # of the volume wanted
Table = NDArray[np.float64]
Tick = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean per contact, and its standard error."""

    mean: float
    se: float


@dataclass(frozen=True, slots=True)
class Town:
    """The people of a comparison: `contacts` of them for each of the `seeds`, from number `first` on, and how many
    `days` they live."""

    courses: Courses
    world: World
    seeds: tuple[int, ...]
    contacts: int
    days: int
    first: int = 0

    def people(self) -> Iterator[tuple[int, int]]:
        return ((seed, self.first + number) for seed in self.seeds for number in range(self.contacts))

    def parts(self, size: int) -> list[Town]:
        """The same people in parts of at most so many, in their order."""
        starts = range(self.first, self.first + self.contacts, size)
        left = self.first + self.contacts
        return [
            replace(self, seeds=(seed,), first=start, contacts=min(size, left - start))
            for seed in self.seeds
            for start in starts
        ]


Lived = Callable[[Town, Variant], Table]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a policy came to: a row of `MEASURES` for each person. `share` is what random-thin let through."""

    name: str
    rows: Table
    share: float | None = None

    def estimate(self, measure: str) -> Estimate:
        return _estimate(self.column(measure))

    def column(self, measure: str) -> Table:
        column: Table = self.rows[:, MEASURES.index(measure)]
        return column

    def against(self, other: Outcome, measure: str) -> Estimate:
        """The difference to another policy, person by person."""
        return _estimate(self.column(measure) - other.column(measure))

    def ratio(self, other: Outcome, measure: str) -> Estimate:
        """The difference as a share of the other's mean: -0.4 is 40% less. Its error by the delta method."""
        mine, theirs = self.column(measure), other.column(measure)
        mean = float(theirs.mean())
        if not mean:
            return Estimate(0.0, 0.0)
        ratio = float(mine.mean()) / mean
        return Estimate(ratio - 1, _estimate((mine - ratio * theirs) / mean).se)


@dataclass(frozen=True, slots=True)
class Comparison:
    """All outcomes by policy, those of `none` and of no mail at all among them."""

    town: Town
    outcomes: Mapping[str, Outcome]

    def kept(self, name: str) -> float | None:
        """The share a policy keeps of the conversions that mail brings under `none`; None where it brings none."""
        organic = self.outcomes[NO_MAIL].estimate("conversions").mean
        whole = self.outcomes[NONE].estimate("conversions").mean - organic
        if abs(whole) < 1e-9:
            return None
        return (self.outcomes[name].estimate("conversions").mean - organic) / whole


def live(town: Town, variant: Variant, tick: Tick = lambda people: None) -> Table:
    """A year of everybody under one policy; `tick` is told how many people more are done."""
    rows = np.zeros((len(town.seeds) * town.contacts, len(MEASURES)))
    for place, (seed, number) in enumerate(town.people()):
        rows[place] = _row(live_one(town, seed, number, variant))
        tick(1)
    return rows


def live_one(town: Town, seed: int, number: int, variant: Variant) -> Tally:
    """A year of one person, who is told from all others by seed and number."""
    draws = Draws(seed, number, town.days)
    person = draw_person(number, town.world, draws)
    return Year(town.courses, town.world, person, draws, variant.pace(person, draws), town.days).run()


def compare(town: Town, names: Collection[str], policy: Policy, lived: Lived = live) -> Comparison:
    """The policies by name, and always `none` and no mail at all. `policy` is what everafter runs with; `lived` does
    what `live` does, on more cores perhaps."""
    wanted = dict.fromkeys((NO_MAIL, NONE, *names, *([EVERAFTER] if THINNED in names else [])))
    outcomes = {name: Outcome(name, lived(town, Variant(name, policy))) for name in wanted if name != THINNED}
    if THINNED in names:
        outcomes[THINNED] = thin(town, policy, outcomes[EVERAFTER], outcomes[NONE], lived)
    return Comparison(town, {name: outcomes[name] for name in (NO_MAIL, NONE, *names, *outcomes)})


def runs(names: Collection[str]) -> int:
    """How many times `compare` lives everybody's year, at most."""
    extra = EVERAFTER not in names if THINNED in names else 0
    return len({NO_MAIL, NONE, *names} - {THINNED}) + (THINNINGS if THINNED in names else 0) + extra


def thin(town: Town, policy: Policy, like: Outcome, most: Outcome, lived: Lived = live) -> Outcome:
    """`random-thin` at the volume of another outcome: its share is found by trying, between none and `most`."""
    volume = like.estimate("mails").mean
    tried = [(0.0, 0.0), (1.0, most.estimate("mails").mean)]
    outcome, missed = None, np.inf
    for _ in range(THINNINGS):
        share = _between(tried, volume)
        rows = lived(town, Variant(THINNED, policy, share))
        tried.append((share, float(rows[:, 0].mean())))
        off = abs(tried[-1][1] - volume)
        if off < missed:
            outcome, missed = Outcome(THINNED, rows, share), off
        if off <= CLOSE * max(volume, 1):
            break
    assert outcome is not None
    return outcome


def _between(tried: Sequence[tuple[float, float]], volume: float) -> float:
    """Where the volume lies between the nearest two that were tried."""
    below = max((each for each in tried if each[1] <= volume), key=lambda each: each[1], default=(0.0, 0.0))
    above = min((each for each in tried if each[1] > volume), key=lambda each: each[1], default=(1.0, 0.0))
    width = above[1] - below[1]
    return 1.0 if width <= 0 else below[0] + (above[0] - below[0]) * (volume - below[1]) / width


def _row(tally: Tally) -> tuple[float, ...]:
    return (
        tally.mails,
        tally.conversions,
        tally.unsubscribes,
        tally.complaints,
        tally.reachable,
        tally.silenced,
        tally.service,
        tally.held,
        *tally.expired,
    )


def _estimate(column: Table) -> Estimate:
    count = len(column)
    se = float(column.std(ddof=1)) / count**0.5 if count > 1 else 0.0
    return Estimate(float(column.mean()), se)
