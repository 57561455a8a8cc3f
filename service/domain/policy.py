"""How often one person may be written to: the numbers of `throttle` in `business.yaml`, with their defaults.

The defaults are those of section 3 of the research in `docs/throttling.md`. Class, hold and follow-ups of each kind
are the table in `service.domain.kind`; only how long a kind keeps may be set otherwise here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from service.domain.sequence.vocabulary import Kind


@dataclass(frozen=True, slots=True)
class Caps:
    """The hard limits of `docs/throttling.md`, rolling, per person. Gaps in hours."""

    per_day: int = 1
    per_week: int = 3
    per_month: int = 8
    gap: int = 48
    gap_warm: int = 24  # P1 to P3


@dataclass(frozen=True, slots=True)
class PressurePolicy:
    """How much mail weighs on a person, and how much of it each class may add to.

    `weights` by kind; `escalation` multiplies with each mail in a row that nobody answered; `hidden` where opens can't
    be seen, `opened` where a person opened and did no more. An answer (click, reply, answer) within `answered_within`
    takes the mail's own weight away, and any answer multiplies what is left by `answer`, a booking by `booking`.
    `ceilings` by class, 1 to 7; `ceiling_due` holds for offers to a client who is due: between the two shares
    `due_from` and `due_until` of their own interval after the last visit.
    """

    weights: Mapping[Kind, float] = field(default_factory=lambda: dict(WEIGHTS))
    half_life: timedelta = timedelta(days=21)
    escalation: float = 1.5
    hidden: float = 0.75
    opened: float = 0.5
    answered_within: timedelta = timedelta(hours=72)
    answer: float = 0.5
    booking: float = 0.5
    ceilings: Mapping[int, float] = field(default_factory=lambda: dict(CEILINGS))
    ceiling_due: float = 5
    due_from: float = 0.75
    due_until: float = 12
    less_often: float = 0.5  # what "less often" makes of the ceilings


@dataclass(frozen=True, slots=True)
class SunsetPolicy:
    """Who never reacts is asked once whether they want to stay, and then left in peace.

    After so many mails in a row without human evidence (`never` where there never was any, else `once`), and not
    before `at_least` since the first of them: one re-permission mail, `silence`, and then no mail any more.
    """

    never: int = 11
    once: int = 16
    at_least: timedelta = timedelta(days=90)
    silence: timedelta = timedelta(days=60)


@dataclass(frozen=True, slots=True)
class BreakerPolicy:
    """Complaints by mails, over `span`: at `slow` the ceilings are halved and P5 to P7 wait, at `stop` marketing stops.

    Below `fewest` complaints nothing is concluded from them.
    """

    slow: float = 0.001
    stop: float = 0.003
    span: timedelta = timedelta(days=30)
    fewest: int = 3


@dataclass(frozen=True, slots=True)
class Policy:
    """`throttle` of `business.yaml`, whole. `keeps` are kinds that keep for another time than the table says.

    `look_ahead`: the week's last slot is not spent on P5 to P7 when P1 to P3 falls due within it. `spread`: over how
    long mails are spread that a window lets go.
    """

    caps: Caps = field(default_factory=Caps)
    keeps: Mapping[Kind, timedelta] = field(default_factory=dict)
    look_ahead: timedelta = timedelta(hours=48)
    spread: timedelta = timedelta(minutes=15)
    pressure: PressurePolicy = field(default_factory=PressurePolicy)
    sunset: SunsetPolicy = field(default_factory=SunsetPolicy)
    breaker: BreakerPolicy = field(default_factory=BreakerPolicy)


WEIGHTS: dict[Kind, float] = {
    Kind.SERVICE: 0,
    Kind.CHECK_IN: 0.5,
    Kind.NUDGE: 0.8,
    Kind.ONBOARDING: 0.7,
    Kind.DELIGHT: 0.3,
    Kind.LETTER: 1,
    Kind.REVIEW: 1,
    Kind.WIN_BACK: 1,
    Kind.REFERRAL: 1.25,
    Kind.NEWSLETTER: 1,
    Kind.OFFER: 1.25,
}
CEILINGS: dict[int, float] = {1: 12, 2: 8, 3: 8, 4: 6, 5: 2.5, 6: 1.6, 7: 1.3}
