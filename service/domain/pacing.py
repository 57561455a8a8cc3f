"""How fast mail leaves towards the world: limits, the warm-up of a new sender, and who asks us to slow down.

What `pacing` of business.yaml says becomes limits here, which hold for a moment; `service.domain.bucket` keeps to them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, datetime

from service.domain.bucket import BURST, Limit

DAY = 86_400.0  # seconds
# A warm-up's mails a day and group: from its n-th day on so many. Published ramps, docs/pacing.md.
RAMP = ((1, 20), (4, 50), (8, 100), (11, 200), (15, 500), (18, 1_000))
RAMP_ENDS = 21  # its last day
GROWTH = 1.3  # a day, once the ramp is over
WARM = 100_000  # mails a day and group at which any warm-up is over
MORNING, WORKDAY = 8, 10  # a day's share is spread over so many hours from this one on
AT_ONCE = 0.1  # what may leave before the morning, as a share of the day's

_UNITS = ((1, "a second"), (60, "a minute"), (3_600, "an hour"))


@dataclass(frozen=True, slots=True)
class Rate:
    """So many mails in so many seconds, both above zero."""

    count: int
    seconds: float

    @property
    def per_second(self) -> float:
        return self.count / self.seconds


@dataclass(frozen=True, slots=True)
class Pacing:
    """`pacing` of business.yaml. Without it nothing is limited, until somebody asks us to slow down.

    `in_all`: what the mail service takes, short rates and one a day. `connections`: at once, of all hosts; 0 for any
    number. `groups`: by the name of a mailbox group, `each` for those not named. `warm_up`: its first day, up to
    `warm_up_to` mails a day and group.
    """

    in_all: tuple[Rate, ...] = ()
    connections: int = 0
    each: Rate | None = None
    groups: tuple[tuple[str, Rate], ...] = ()
    warm_up: date | None = None
    warm_up_to: int | None = None

    @property
    def most_a_day(self) -> int | None:
        """What the mail service takes a day, None where it doesn't say."""
        return min((rate.count for rate in self.in_all if rate.seconds >= DAY), default=None)


def quota_of(day: int) -> int:
    """Mails a day and group on the n-th day of a warm-up, counted from 1."""
    reached = max((count for since, count in RAMP if day >= since), default=RAMP[0][1])
    return min(WARM, int(reached * GROWTH ** min(max(0, day - RAMP_ENDS), 60)))


def warm_up_day(pacing: Pacing, today: date) -> int | None:
    """Which day of the warm-up it is, counted from 1; None without one, and once it is over."""
    if pacing.warm_up is None:
        return None
    day = max(1, (today - pacing.warm_up).days + 1)
    ends = min(WARM, pacing.warm_up_to or WARM)
    return day if quota_of(day) < ends else None


def so_far(quota: int, now: datetime) -> int:
    """How much of a day's quota may have left by `now`, local time: a tenth before the morning, all by the evening."""
    hours = now.hour + now.minute / 60 + now.second / 3600 - MORNING
    share = min(1.0, AT_ONCE + (1 - AT_ONCE) * max(0.0, hours) / WORKDAY)
    return min(quota, max(1, math.ceil(quota * share)))


def limit_of(pacing: Pacing, group: str, now: datetime) -> Limit:
    """What holds for a group at `now`, local to the business."""
    rate = dict(pacing.groups).get(group, pacing.each)
    day = warm_up_day(pacing, now.date())
    ordinal = now.date().toordinal()
    quota = quota_of(day) if day is not None else -1
    allowed = so_far(quota, now) if day is not None else -1
    soft = True
    if rate is not None and rate.seconds >= DAY and (quota < 0 or rate.count <= quota):
        quota = allowed = rate.count
        soft = False
    if rate is None or rate.seconds >= DAY:
        return Limit(day=ordinal, quota=quota, allowed=allowed, soft=soft)
    return Limit(rate.per_second, _burst(rate), ordinal, quota, allowed, soft)


def limit_in_all(pacing: Pacing, now: datetime) -> Limit:
    """What holds for all mail together: the mail service's own limits."""
    short = [rate for rate in pacing.in_all if rate.seconds < DAY]
    most = pacing.most_a_day
    quota = -1 if most is None else most
    slowest = min(short, key=lambda rate: rate.per_second, default=None)
    if slowest is None:
        return Limit(day=now.date().toordinal(), quota=quota, allowed=quota)
    return Limit(slowest.per_second, _burst(slowest), now.date().toordinal(), quota, quota)


def _burst(rate: Rate) -> float:
    return max(1.0, min(float(rate.count), BURST * rate.per_second))


def pace_in_words(rate: float) -> str:
    """A rate, in mails a second, in the unit that makes a number one can picture."""
    found = next(((rate * seconds, unit) for seconds, unit in _UNITS if rate * seconds >= 1), (rate * DAY, "a day"))
    amount, unit = found
    number = f"{amount:.0f}" if amount >= 10 else f"{amount:.1f}".removesuffix(".0")
    return f"{number} {unit}"
