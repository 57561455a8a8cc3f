"""Who a simulated recipient is, drawn from a world: what is so before any mail, and the same under every policy."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

from service.domain.simulation.population.draws import Draws
from service.domain.simulation.population.world import World

NORMAL = NormalDist()
HARDLY = 1e-9  # draws of exactly 0 have no quantile
YEAR = 365
TELLS = 0.3  # of those who leave a business say so
FADES = 0.4  # what is left of the interest of the dormant


@dataclass(frozen=True, slots=True)
class Person:
    """Days count from the first of the year, those before it below 0.

    `interest` from 0 to 1; `visits` before the first day, the last of them on `last_visit` (None: never); `joins` on
    which day (0 or before: here from the beginning); `churns` on which day they stop coming, if they do, and whether
    they tell; `chance` for the draws of sequences.
    """

    number: int
    tolerance: float
    interest: float
    interval: float
    birthday: int
    hides_opens: bool
    joins: int
    client_since: int | None
    last_visit: int | None
    visits: int
    churns: float
    tells: bool
    chance: float


def draw_person(number: int, world: World, draws: Draws) -> Person:
    """The person of this number in this world."""
    u = [min(max(each, HARDLY), 1 - HARDLY) for each in draws.traits]
    z, own = NORMAL.inv_cdf(u[0]), NORMAL.inv_cdf(u[1])
    together = world.interest_with_tolerance
    interest = NORMAL.cdf(together * z + math.sqrt(1 - together**2) * own)
    interval = world.interval * math.exp(world.interval_spread * NORMAL.inv_cdf(u[2]))
    joins = 1 + int(u[3] * world.joining) if u[4] < world.new else 0
    dormant = not joins and u[5] < world.dormant
    last_visit = None if joins else -int(interval * (2.5 + 5.5 * u[6] if dormant else 1.1 * u[6])) - 1
    since = None if last_visit is None else min(last_visit, -int(u[7] * world.oldest))
    visits = 0 if since is None or last_visit is None else 1 + int((last_visit - since) / interval)
    return Person(
        number=number,
        tolerance=world.tolerance * math.exp(world.tolerance_spread * z),
        interest=interest * (FADES if dormant else 1),
        interval=interval,
        birthday=int(u[8] * YEAR),
        hides_opens=u[9] < world.hidden_opens,
        joins=joins,
        client_since=since,
        last_visit=last_visit,
        visits=visits,
        churns=_waits(u[10], world.churn),
        tells=u[11] < TELLS,
        chance=u[12],
    )


def _waits(u: float, share: float) -> float:
    """The day of something that befalls this share of people in a year."""
    return math.inf if not share else YEAR * math.log(1 - u) / math.log(1 - min(share, 1 - HARDLY))
