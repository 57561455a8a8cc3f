"""The pace towards the world: buckets in Valkey for all hosts together, and a share of them while Valkey is away."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from secrets import token_hex
from typing import Any, TypeVar

import structlog
from redis import Redis
from redis.exceptions import RedisError

from service.domain.bucket import Answers, Ask, Bucket, Grant, draw, settle, share
from service.providers.mx import MailboxGroups
from service.providers.pace_scripts import ATTEND, DRAW, SETTLE
from service.store.seat import Seats

REST = 15.0  # seconds before Valkey is asked again after it did not answer
REMEMBERED = 60  # seconds for which a process counts that was heard of
SEAT = 60  # seconds for which a seat is held without a word
MOST = 5_000  # groups that one process keeps while Valkey is away

log = structlog.get_logger()

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


class Pace:
    """Implements `service.ports.Pacer`."""

    def __init__(self, redis: Redis, groups: MailboxGroups, members: int = 1, seats: Seats | None = None) -> None:
        """`members`: processes that there are at least, until Valkey has told how many. `seats`: for while it is away,
        needed by whoever hands over."""
        self._redis, self._groups = redis, groups
        self._draw, self._settle, self._attend = map(redis.register_script, (DRAW, SETTLE, ATTEND))
        self._me = token_hex(8)
        self._here = OwnShare(members)
        self._seats = seats
        self._drawn_here = False  # where the last draw was made, and so what is unused of it is given back
        self._rests_until = 0.0

    def groups(self, domains: Collection[str]) -> Mapping[str, str]:
        return self._groups.of(domains)

    def attend(self, seats: int) -> bool:
        answer = self._ask(self._attend, ["pace:members", "pace:seats"], [self._me, REMEMBERED, seats, SEAT])
        if answer is None:
            return seats == 0 or self._seats is None or self._seats.sit(seats)
        if self._seats is not None:
            self._seats.stand_up()  # it has one in Valkey now, or has to wait for it
        self._here.members = max(1, int(answer[0]))
        return bool(answer[1])

    def leave(self) -> None:
        if self._seats is not None:
            self._seats.stand_up()
        if time.monotonic() >= self._rests_until:
            try:
                self._redis.zrem("pace:seats", self._me)
            except RedisError as error:
                self._rest(error)

    def draw(self, sender: str, asks: Sequence[Ask]) -> list[Grant]:
        if not asks:
            return []
        numbers = [number for ask in asks for number in _numbers(ask)]
        keys = [key_of(sender, ask.group) for ask in asks]
        answer = self._ask(self._draw, keys, numbers) if self._paid_back() else None
        self._drawn_here = answer is None
        if answer is None:
            return self._here.draw(sender, asks)
        self._here.forget()
        grants = [_grant(each) for each in answer]
        self._here.remember(sender, asks, grants)
        return grants

    def settle(self, sender: str, answers: Mapping[str, Answers]) -> None:
        if not answers:
            return
        if self._drawn_here or time.monotonic() < self._rests_until:
            self._here.settle(sender, answers)
            return
        numbers = [n for each in answers.values() for n in (each.taken, each.unused, each.strikes, each.after)]
        if self._ask(self._settle, [key_of(sender, group) for group in answers], numbers) is None:
            # Whether Valkey was told before the line was cut nobody knows: rather give back nothing than twice.
            self._here.settle(sender, {group: replace(each, unused=0) for group, each in answers.items()})

    def _ask(self, script: Any, keys: list[str], numbers: list[Any]) -> Any:
        """What a script answers; None while Valkey is away."""
        if time.monotonic() < self._rests_until:
            return None
        try:
            return script(keys, numbers)
        except RedisError as error:
            self._rest(error)
            return None

    def _rest(self, error: RedisError) -> None:
        log.warning("pace.past_valkey", error=type(error).__name__)
        self._rests_until = time.monotonic() + REST

    def _paid_back(self) -> bool:
        """Count in what left by this process's own share, before anything is drawn again; False while it can't be."""
        owed = self._here.owed
        numbers = [n for count in owed.values() for n in (0, -count, 0.0, 0.0)]
        if owed and self._ask(self._settle, [key_of(*key) for key in owed], numbers) is None:
            return False
        owed.clear()
        return True


class OwnShare:
    """What one process may do by itself: its part of every limit, from an empty bucket on."""

    def __init__(self, members: int) -> None:
        self.members = members
        self._buckets: OrderedDict[tuple[str, str], Bucket] = OrderedDict()
        self.owed: OrderedDict[tuple[str, str], int] = (
            OrderedDict()
        )  # drawn, less what is given back: Valkey doesn't know yet
        self._seen: OrderedDict[tuple[str, str], tuple[int, int]] = OrderedDict()

    def remember(self, sender: str, asks: Sequence[Ask], grants: Sequence[Grant]) -> None:
        """How many of a day's mails were out when Valkey was last heard of."""
        for ask, grant in zip(asks, grants, strict=True):
            if ask.limit.allowed >= 0:
                _keep(self._seen, (sender, ask.group), (ask.limit.day, grant.left))

    def draw(self, sender: str, asks: Sequence[Ask]) -> list[Grant]:
        """As `Pacer.draw`."""
        return [self._draw((sender, ask.group), ask) for ask in asks]

    def settle(self, sender: str, answers: Mapping[str, Answers]) -> None:
        """As `Pacer.settle`."""
        for group, each in answers.items():
            key = (sender, group)
            bucket, now = self._buckets.get(key), time.monotonic()
            _keep(self._buckets, key, settle(bucket or Bucket(tokens=0.0, at=now), each, now))
            if each.unused:  # below nothing where Valkey gave it: it gets that back
                _keep(self.owed, key, self.owed.get(key, 0) - each.unused)

    def forget(self) -> None:
        """Valkey has been told: begin anew when it goes away again. What it said last is remembered."""
        self.owed.clear()
        self._buckets.clear()

    def _draw(self, key: tuple[str, str], ask: Ask) -> Grant:
        bucket = self._buckets.get(key)
        if bucket is None and ask.limit.open:
            return Grant(ask.service, ask.other)
        now = time.monotonic()
        day, left = self._seen.get(key, (0, 0))
        limit = share(ask.limit, self.members, left if day == ask.limit.day else 0)
        bucket, grant = draw(bucket or Bucket(tokens=0.0, at=now), limit, ask.service, ask.other, now)
        _keep(self._buckets, key, bucket)
        drawn = grant.service + grant.other
        if drawn and not ask.limit.open:
            _keep(self.owed, key, self.owed.get(key, 0) + drawn)
        return replace(grant, alone=True)


def _keep(kept: OrderedDict[_Key, _Value], key: _Key, value: _Value) -> None:
    """Keep a value, and only the MOST that were used last."""
    kept[key] = value
    kept.move_to_end(key)
    if len(kept) > MOST:
        kept.popitem(last=False)


def key_of(sender: str, group: str) -> str:
    """Where a bucket is kept; the braces keep a sender's in one slot of a cluster."""
    return f"pace:{{{sender}}}:{group or '*'}"


def read_buckets(redis: Redis, sender: str) -> dict[str, Bucket]:
    """The buckets there are now, by group; "" is all mail together. Raises RedisError."""
    start = key_of(sender, "")[:-1]
    buckets: dict[str, Bucket] = {}
    for key in redis.scan_iter(match=f"{_literal(start)}*", count=1_000):
        found: Any = redis.hgetall(key)
        if found:
            state = {name.decode(): float(value) for name, value in found.items()}
            whole = {name: int(state[name]) for name in ("day", "count")}
            group = key.decode().removeprefix(start)
            buckets["" if group == "*" else group] = Bucket(**state | whole)  # type: ignore[arg-type]
    return buckets


def _literal(text: str) -> str:
    """A text in which a pattern of SCAN finds nothing but itself."""
    return "".join(f"\\{each}" if each in "*?[]\\" else each for each in text)


def _numbers(ask: Ask) -> tuple[float, ...]:
    limit = ask.limit
    return (
        limit.rate,
        limit.burst,
        limit.day,
        limit.allowed,
        int(limit.soft),
        ask.service,
        ask.other,
        int(not limit.open),
    )


def _grant(answer: Sequence[Any]) -> Grant:
    service, other, left, factor, pause, watched = answer
    return Grant(int(service), int(other), int(left), float(factor), float(pause), bool(watched))
