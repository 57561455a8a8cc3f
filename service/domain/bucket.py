"""A bucket of mails for one mailbox group: how many may leave now, and how it takes what we send.

Everything is a function of values and of `now`, in seconds of the epoch. What is shared by all hosts runs the same
arithmetic inside Valkey (`service.providers.pace_scripts`); a test holds the two to the same numbers.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace

BURST = 5.0  # seconds of a rate that may leave at once
UNLIMITED_SLOWED = 10.0  # mails a second from which a group without a rate is slowed down
LOWEST = 1 / 64  # what slowing down may make of a rate
RECOVERY = 0.02  # what each mail that is taken adds to the factor
MINOR, MAJOR = 1 / 3, 1.0  # how much a reply counts; at 1 in all, a group is slowed down
FORGIVES = 1 / 30  # what each mail that is taken takes off that count: one 4xx in ten is the way of the world
PAUSE, LONGEST_PAUSE = 600.0, 7_200.0  # seconds; Gmail asks for ten minutes after 4.7.28

_ENHANCED = re.compile(r"\b4\.(\d{1,3})\.\d{1,3}\b")
_MAILBOX = frozenset({"1", "2"})  # RFC 3463 §3.2, §3.3: this address, this mailbox; nobody is overloaded


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

    `watched`: the group was slowed down, or may soon be, and wants to hear which mails were taken. `alone`: of this
    process's own share, while Valkey is away.
    """

    service: int
    other: int
    left: int = 0
    factor: float = 1.0
    pause: float = 0.0
    watched: bool = False
    alone: bool = False


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
