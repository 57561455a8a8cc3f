"""How often one network address, one email address, and everybody together may sign up.

Counted in Valkey, for all processes. Where it is away, pages open as ever, and no signup goes uncounted: each process
counts for itself, at a share so careful that all of them together stay below what is allowed.
"""

from __future__ import annotations

import hmac
import math
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, cast

import structlog
from flask import Flask, current_app
from limits import RateLimitItem, RateLimitItemPerHour, parse_many
from limits.storage import MemoryStorage, RedisStorage, Storage
from limits.strategies import MovingWindowRateLimiter, RateLimiter, SlidingWindowCounterRateLimiter
from redis.exceptions import RedisError

from service.clock import machine_now
from service.runtime import Runtime
from service.web.network import Address, neighbourhood

NAME = "everafter.limits"
OFF = "off"
REST = 5.0  # seconds before Valkey is asked again after it did not answer
# Beyond this a repetition tells us nothing new, whichever networks it comes from. No person signs up so often.
PER_ADDRESS: tuple[RateLimitItem, ...] = (RateLimitItemPerHour(30),)
HOSTS = 2  # among how many hosts like this one the limit of all is shared out, where nobody can count them together

log = structlog.get_logger()


class Wait(NamedTuple):
    """How many seconds, 0 where a signup may go on; and whether it is for everybody's sake, not for one's own."""

    seconds: int
    is_for_all: bool = False


@dataclass(frozen=True, slots=True)
class Counters:
    """Where is counted. One's own signups are few and counted exactly; everybody's in two numbers, however many."""

    own: RateLimiter
    all: RateLimiter

    @classmethod
    def on(cls, storage: Storage) -> Counters:
        return cls(MovingWindowRateLimiter(storage), SlidingWindowCounterRateLimiter(storage))


class Limits:
    """FORM_LIMITS and FORM_LIMITS_OF_ALL at work, by the library `limits`."""

    def __init__(self, runtime: Runtime) -> None:
        self._per_network = read_limits(runtime.settings.form_limits)
        self._of_all = read_limits(runtime.settings.form_limits_of_all) if self._per_network else ()
        self._runtime = runtime
        self._here = Counters.on(MemoryStorage())
        self._opening = threading.Lock()
        self._redis: Counters | None = None
        self._redis_rests_until = 0.0

    def wait_for(self, network: Address | None, email_key: str) -> Wait:
        """How long this signup has to wait; where it need not, it is counted.

        Nothing that names a person is kept: the key of an email or network address is a keyed hash. What one network
        or address sends in vain uses up nothing of everybody's.
        """
        if not self._per_network:
            return Wait(0)
        person = self._nameless(email_key)
        if time.monotonic() >= self._redis_rests_until:
            try:
                return self._count(self._open(), network, person, 1, 1)
            except RedisError as error:
                log.warning("limits.past_redis", error=type(error).__name__)
                self._redis_rests_until = time.monotonic() + REST
        processes = self._runtime.settings.web_processes
        return self._count(self._here, network, person, processes, processes * HOSTS)

    def _count(self, counters: Counters, network: Address | None, person: str, own: int, of_all: int) -> Wait:
        """Ask each limit in turn, divided by `own`, the one of all by `of_all`."""
        if network is not None:
            where = self._nameless(neighbourhood(network))
            wait = _hit(counters.own, share(self._per_network, own), "network", where)
            if wait:
                return Wait(wait)
        wait = _hit(counters.own, share(PER_ADDRESS, own), "address", person)
        if wait:
            return Wait(wait)
        return Wait(_hit(counters.all, share(self._of_all, of_all), "all"), is_for_all=True)

    def _nameless(self, name: str) -> str:
        return hmac.digest(self._runtime.hash_key, b"limit:" + name.encode(), "sha256").hex()

    def _open(self) -> Counters:
        with self._opening:
            if self._redis is None:
                pool = self._runtime.redis.connection_pool
                self._redis = Counters.on(RedisStorage("redis://", connection_pool=pool, key_prefix="limit"))
            return self._redis


def read_limits(written: str) -> Sequence[RateLimitItem]:
    """Limits as settings have them; none where they are `off`."""
    return () if written.strip().lower() == OFF else parse_many(written)


def share(items: Sequence[RateLimitItem], among: int) -> Sequence[RateLimitItem]:
    """What one of several may do who can't ask each other: at least one signup."""
    if among == 1:
        return items
    return [type(item)(max(1, item.amount // among), item.multiples) for item in items]


def _hit(limiter: RateLimiter, items: Sequence[RateLimitItem], *names: str) -> int:
    for item in items:
        if not limiter.hit(item, *names):
            free_at = limiter.get_window_stats(item, *names).reset_time
            return max(1, math.ceil(free_at - machine_now().timestamp()))
    return 0


def attach(app: Flask, runtime: Runtime) -> None:
    """Give the app its limits."""
    app.extensions[NAME] = Limits(runtime)


def current_limits() -> Limits:
    """The limits, inside a request."""
    return cast(Limits, current_app.extensions[NAME])
