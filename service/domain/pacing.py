"""How fast mail leaves towards the world: limits, the warm-up of a new sender, and who asks us to slow down.

Everything is a function of values and of `now`, in seconds of the epoch. What is shared by all hosts runs the same
arithmetic inside Valkey (`service.providers.pace_scripts`); a test holds the two to the same numbers.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

DAY = 86_400.0  # seconds
# A warm-up's mails a day and group: from its n-th day on so many. Published ramps, docs/pacing.md.
RAMP = ((1, 20), (4, 50), (8, 100), (11, 200), (15, 500), (18, 1_000))
GROWTH = 1.3  # a day, once the ramp is over
WARM = 100_000  # mails a day and group at which any warm-up is over
MORNING, WORKDAY = 8, 10  # a day's share is spread over so many hours from this one on
AT_ONCE = 0.1  # what may leave before the morning, as a share of the day's

BURST = 5.0  # seconds of a rate that may leave at once
UNLIMITED_SLOWED = 10.0  # mails a second from which a group without a rate is slowed down
LOWEST = 1 / 64  # what slowing down may make of a rate
RECOVERY = 0.02  # what each mail that is taken adds to the factor
MINOR, MAJOR = 1 / 3, 1.0  # how much a reply counts; at 1 in all, a group is slowed down
FORGIVES = 1 / 30  # what each mail that is taken takes off that count: one 4xx in ten is the way of the world
PAUSE, LONGEST_PAUSE = 600.0, 7_200.0  # seconds; Gmail asks for ten minutes after 4.7.28

_UNITS = ((1, "a second"), (60, "a minute"), (3_600, "an hour"))
_ENHANCED = re.compile(r"\b4\.(\d{1,3})\.\d{1,3}\b")
_MAILBOX = frozenset({"1", "2"})  # RFC 3463 §3.2, §3.3: this address, this mailbox; nobody is overloaded


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


@dataclass(frozen=True, slots=True)
class Limit:
    """What holds now for one bucket. `rate` in mails a second, 0 for any. `day` is a day's ordinal, of which `quota`
    mails are allowed and `allowed` by now, -1 for any number. Service mail is not held by the quota where `soft`."""

    rate: float = 0.0
    burst: float = 1.0
    day: int = 0
    quota: int = -1
    allowed: int = -1
    soft: bool = False

    @property
    def open(self) -> bool:
        """Whether nothing is limited."""
        return self.rate == 0 and self.allowed < 0


@dataclass(frozen=True, slots=True)
class Ask:
    """What waits for a group, "" being all of them together: service mail, and other."""

    group: str
    limit: Limit
    service: int
    other: int


@dataclass(frozen=True, slots=True)
class Bucket:
    """The state of one group: `tokens` as of `at`, how many left on `day`, and how it takes our mail.

    `factor` (LOWEST to 1) scales the rate, nothing leaves before `until`, `strikes` add up to the next halving.
    """

    tokens: float = 1.0
    at: float = 0.0
    day: int = 0
    count: int = 0
    factor: float = 1.0
    until: float = 0.0
    strikes: float = 0.0

    @property
    def watched(self) -> bool:
        """Whether the group was slowed down, or may soon be."""
        return self.factor < 1 or self.until > 0 or self.strikes > 0


@dataclass(frozen=True, slots=True)
class Grant:
    """How many may leave now, service mail and other; `left` today in all. `pause`: seconds for which nothing leaves.

    `watched`: the group was slowed down, or may soon be, and wants to hear which mails were taken.
    """

    service: int
    other: int
    left: int = 0
    factor: float = 1.0
    pause: float = 0.0
    watched: bool = False


@dataclass(frozen=True, slots=True)
class Answers:
    """What came of the mails of one group: taken, not used (never handed over), and strikes. `after`: the pause in
    seconds that was asked for, if any."""

    taken: int = 0
    unused: int = 0
    strikes: float = 0.0
    after: float = 0.0


def draw(bucket: Bucket, limit: Limit, service: int, other: int, now: float) -> tuple[Bucket, Grant]:
    """Draw up to `service` mails that people wait for and `other` mails; the bucket afterwards."""
    bucket = _refilled(bucket, limit, now)
    if bucket.until > now:
        return bucket, Grant(0, 0, bucket.count, bucket.factor, bucket.until - now, watched=True)
    rate = effective(limit, bucket.factor)
    if rate:
        whole = max(0, math.floor(bucket.tokens))
        service = min(service, whole)
        other = min(other, whole - service)
    if limit.allowed >= 0:
        room = max(0, limit.allowed - bucket.count)
        service = service if limit.soft else min(service, room)
        other = min(other, max(0, room - service))
    drawn = service + other
    tokens = bucket.tokens - drawn if rate else bucket.tokens
    bucket = replace(bucket, tokens=tokens, count=bucket.count + drawn)
    return bucket, Grant(service, other, bucket.count, bucket.factor, 0.0, bucket.watched)


def settle(bucket: Bucket, answers: Answers, now: float) -> Bucket:
    """What the answers make of a bucket: strikes halve its factor and pause it, mails that were taken let it grow.

    While it pauses, answers to what was under way already count no more.
    """
    tokens, count = bucket.tokens + answers.unused, max(0, bucket.count - answers.unused)
    bucket = replace(bucket, tokens=tokens, count=count)
    if bucket.until > now:
        return bucket if answers.after <= 0 else replace(bucket, until=max(bucket.until, now + answers.after))
    factor = min(1.0, bucket.factor + RECOVERY * answers.taken)
    strikes = max(0.0, bucket.strikes - FORGIVES * answers.taken) + answers.strikes
    if strikes < MAJOR - 1e-9:
        return replace(bucket, factor=factor, strikes=strikes, until=0.0)
    factor = max(LOWEST, factor / 2)
    pause = answers.after if answers.after > 0 else min(LONGEST_PAUSE, PAUSE * 0.5 / factor)
    return replace(bucket, factor=factor, strikes=0.0, until=now + pause, tokens=min(bucket.tokens, 1.0))


def effective(limit: Limit, factor: float) -> float:
    """Mails a second, 0 for any number: a group without a rate has one while it is slowed down."""
    return factor * (limit.rate or (UNLIMITED_SLOWED if factor < 1 else 0.0))


def _refilled(bucket: Bucket, limit: Limit, now: float) -> Bucket:
    rate = effective(limit, bucket.factor)
    if limit.day > bucket.day:
        bucket = replace(bucket, day=limit.day, count=0)
    grown = bucket.tokens + rate * max(0.0, now - bucket.at) if bucket.at else bucket.tokens
    burst = max(1.0, min(limit.burst, BURST * rate) if limit.rate else BURST * rate)
    return replace(bucket, tokens=min(grown, burst), at=max(now, bucket.at))


def quota_of(day: int) -> int:
    """Mails a day and group on the n-th day of a warm-up, counted from 1."""
    last, most = RAMP[-1]
    if day <= last + 3:
        return next(count for since, count in reversed(RAMP) if day >= since or since == 1)
    grown = most * GROWTH ** min(day - last - 3, 60)
    return min(WARM, int(grown))


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


def share(limit: Limit, members: int, left: int = 0) -> Limit:
    """What one of `members` processes may do by itself, so that all together keep to the limit; `left`: how many of
    the day's were known to be out."""
    parts = max(1, members)
    allowed = limit.allowed if limit.allowed < 0 else max(0, limit.allowed - left) // parts
    return replace(limit, rate=limit.rate / parts, burst=1.0, allowed=allowed)


def strike_of(code: str, words: str) -> float:
    """How much a temporary refusal says of the group: 421 asks to slow down, a full mailbox asks nothing, and any
    other 4xx may be greylisting (RFC 6647), so only several of them say something."""
    if code in {"421", "429"}:
        return MAJOR
    if not code.startswith("4"):
        return 0.0
    enhanced = _ENHANCED.search(words)
    return 0.0 if enhanced is not None and enhanced[1] in _MAILBOX else MINOR


def why_waits(name: str, limit: Limit, grant: Grant, warm_up: int | None, now: datetime) -> str:
    """Why a mail waits though its turn has come. `name`: its group's, `now`: local to the business."""
    if grant.pause > 0:
        until = now + timedelta(seconds=grant.pause)
        return f"Waits: {name} asks us to slow down, nothing goes there before {until:%H:%M} ({_day(until)})."
    if 0 <= limit.allowed <= grant.left:
        ramp = f", day {warm_up} of the warm-up" if warm_up is not None and limit.soft else ""
        return f"Waits: {grant.left} of today's {limit.quota} mails to {name} are out ({_day(now)}{ramp})."
    rate = effective(limit, grant.factor)
    if not rate:
        return f"Waits: other mail to {name} has waited longer."
    slowed = ", since it asked us to slow down" if grant.factor < 1 else ""
    return f"Waits: no more than {pace_in_words(rate)} go to {name}{slowed}."


def _day(now: datetime) -> str:
    return f"{now.day} {now:%b}"


def pace_in_words(rate: float) -> str:
    """A rate in the unit that makes a number one can picture."""
    return next(
        (f"{rate * seconds:.0f} {unit}" for seconds, unit in _UNITS if rate * seconds >= 1), f"{rate * DAY:.1f} a day"
    )
