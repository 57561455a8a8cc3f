"""The policies by name: what other systems do, and what this one does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from math import inf

from service.domain.policy import Policy, PressurePolicy
from service.domain.simulation.population.draws import Draws, Purpose
from service.domain.simulation.population.pace import Everything, FirstCome, Nothing, Pace, Skipping, Thinned
from service.domain.simulation.population.person import Person
from service.domain.simulation.population.production import Production

NONE, NO_MAIL, THINNED, EVERAFTER, CAPS, FIFO = "none", "no mail", "random-thin", "everafter", "caps", "fifo"
SKIPPING: Mapping[str, tuple[int, int]] = {"1/day": (1, 1), "2/week": (2, 7), "1/week": (1, 7)}  # mails in days
NO_LIMIT = dict.fromkeys(range(1, 8), inf)

WHAT: Mapping[str, str] = {
    NONE: "no limit: everything leaves when it is due",
    "1/day": "one mail a day; the others are dropped",
    "2/week": "two in seven days; the others are dropped",
    "1/week": "one in seven days; the others are dropped",
    FIFO: "the caps of business.yaml and a queue: first come, first served",
    THINNED: "as many mails as everafter, drawn by lot",
    CAPS: "caps, classes and holding of business.yaml, without pressure",
    EVERAFTER: "the policy that sends real mail, whole",
}


@dataclass(frozen=True)
class Variant:
    """A policy as it is run: a name of `WHAT`, or `NO_MAIL`, with the numbers of a business.

    `share` is how much `random-thin` lets through; `sunsets`, `holds`: whether `everafter` asks who never
    reacts, and holds what may not leave yet. `label` is what it is called where it is not the name.
    """

    name: str
    policy: Policy
    share: float = 1.0
    sunsets: bool = True
    holds: bool = True
    label: str = ""

    def pace(self, person: Person, draws: Draws) -> Pace:
        """One person's pace under it."""
        makers: Mapping[str, Callable[[], Pace]] = {
            NONE: Everything,
            NO_MAIL: Nothing,
            FIFO: lambda: FirstCome(self.policy.caps),
            THINNED: lambda: Thinned(self.share, partial(draws.of_mail, Purpose.THIN)),
            CAPS: lambda: _caps_alone(self.policy, person),
            EVERAFTER: lambda: Production(self.policy, person.hides_opens, sunsets=self.sunsets, holds=self.holds),
        }
        make = makers.get(self.name)
        return make() if make else Skipping(*SKIPPING[self.name])


def _caps_alone(policy: Policy, person: Person) -> Pace:
    bare = replace(policy, look_ahead=timedelta(0))
    return Production(bare, person.hides_opens, weighs=False, sunsets=False, knows_due=False)


def ablations(policy: Policy) -> list[Variant]:
    """The whole policy with one rule taken out each time; `label` is the rule."""
    pressure, caps = policy.pressure, policy.caps
    never = timedelta(0)
    without: Mapping[str, Policy] = {
        "the day's cap": replace(policy, caps=replace(caps, per_day=1_000)),
        "the week's cap": replace(policy, caps=replace(caps, per_week=1_000)),
        "the month's cap": replace(policy, caps=replace(caps, per_month=1_000)),
        "the longer gap": replace(policy, caps=replace(caps, gap=24, gap_warm=24)),
        "look-ahead": replace(policy, look_ahead=never),
        "ceilings": _with(policy, ceilings=NO_LIMIT, ceiling_due=inf),
        "offers when due": _with(policy, ceiling_due=pressure.ceilings[7]),
        "escalation": _with(policy, escalation=1.0),
        "what answers take off": _with(policy, answer=1.0, booking=1.0, opened=1.0, answered_within=never),
        "less for hidden opens": _with(policy, hidden=1.0),
    }
    variants = [Variant(EVERAFTER, each, label=label) for label, each in without.items()]
    holding = Variant(EVERAFTER, policy, holds=False, label="holding")
    return [*variants, holding, Variant(EVERAFTER, policy, sunsets=False, label="sunset")]


def _with(policy: Policy, **changes: object) -> Policy:
    pressure: PressurePolicy = replace(policy.pressure, **changes)  # type: ignore[arg-type]
    return replace(policy, pressure=pressure)
