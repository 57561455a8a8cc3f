"""How often one network address, or one email address, may sign up: counted in Redis, else in this process."""

from __future__ import annotations

import hmac
import math
import threading
import time
from collections.abc import Sequence
from typing import cast

import structlog
from flask import Flask, current_app
from limits import RateLimitItem, RateLimitItemPerHour, parse_many
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import MovingWindowRateLimiter
from redis.exceptions import RedisError

from service.clock import machine_now
from service.runtime import Runtime
from service.web.network import Address, neighbourhood

NAME = "everafter.limits"
OFF = "off"
REST = 5.0  # seconds before Redis is asked again after it did not answer
# Beyond this a repetition tells us nothing new, whichever networks it comes from. No person signs up so often.
PER_ADDRESS: tuple[RateLimitItem, ...] = (RateLimitItemPerHour(30),)

log = structlog.get_logger()


class Limits:
    """FORM_LIMITS at work: the moving window of the library `limits`."""

    def __init__(self, runtime: Runtime) -> None:
        written = runtime.settings.form_limits.strip().lower()
        self._per_network: Sequence[RateLimitItem] = () if written == OFF else parse_many(written)
        self._runtime = runtime
        self._here = MovingWindowRateLimiter(MemoryStorage())
        self._opening = threading.Lock()
        self._redis: MovingWindowRateLimiter | None = None
        self._redis_rests_until = 0.0

    def wait_for(self, network: Address | None, email_key: str) -> int:
        """0 where this signup may go on, and it is counted; else the seconds after which it may be tried again.

        Nothing that names a person is kept: the key of an email address is a keyed hash.
        """
        if not self._per_network:
            return 0
        person = hmac.digest(self._runtime.hash_key, b"limit:" + email_key.encode(), "sha256").hex()
        if network is not None:
            wait = self._count(self._per_network, "network", neighbourhood(network))
            if wait:
                return wait
        return self._count(PER_ADDRESS, "address", person)

    def _count(self, items: Sequence[RateLimitItem], *names: str) -> int:
        if time.monotonic() >= self._redis_rests_until:
            try:
                return _hit(self._open(), items, *names)
            except RedisError as error:
                log.warning("limits.past_redis", error=type(error).__name__)
                self._redis_rests_until = time.monotonic() + REST
        return _hit(self._here, items, *names)

    def _open(self) -> MovingWindowRateLimiter:
        with self._opening:
            if self._redis is None:
                pool = self._runtime.redis.connection_pool
                self._redis = MovingWindowRateLimiter(
                    RedisStorage("redis://", connection_pool=pool, key_prefix="limit")
                )
            return self._redis


def _hit(limiter: MovingWindowRateLimiter, items: Sequence[RateLimitItem], *names: str) -> int:
    for item in items:
        if not limiter.hit(item, *names):
            free_at = limiter.get_window_stats(item, *names).reset_time
            return max(1, math.ceil(free_at - machine_now().timestamp()))
    return 0


def register(app: Flask, runtime: Runtime) -> None:
    """Give the app its limits."""
    app.extensions[NAME] = Limits(runtime)


def current_limits() -> Limits:
    """The limits, inside a request."""
    return cast(Limits, current_app.extensions[NAME])
