"""The doorbell: Redis tells the workers that something may be due. PostgreSQL is the truth; a lost ring costs nothing.

At most one ring every 200 ms, and only while the queue is shorter than the workers, so no burst can pile up jobs. Who
comes too soon after another rings when that time is over: the job of the other may have looked already. A job carries
nothing: it claims what is due when it runs.
"""

from __future__ import annotations

import threading

import structlog
from redis import Redis
from redis.exceptions import RedisError
from rq import Queue
from rq.serializers import JSONSerializer

log = structlog.get_logger()

QUEUE = "everafter"
WORK = "workers.job.work"
QUIET = 200  # milliseconds between rings
LAG = 10  # milliseconds by which their end may be late: Redis counts whole ones, by a clock that it reads now and then
JOB_TTL = 60  # seconds after which a job that nobody took is worth nothing
JOB_TIMEOUT = 3600  # seconds; a backstop only, the job's own budget ends it
FAILURE_TTL = 86_400  # seconds


def open_queue(redis: Redis) -> Queue:
    """The one queue. JSON only; the worker's allow-list is in `workers.queue`."""
    return Queue(QUEUE, connection=redis, serializer=JSONSerializer, default_timeout=JOB_TIMEOUT)


class RedisBell:
    """A bell that never raises and never waits long: whoever rings has committed already."""

    def __init__(self, redis: Redis, workers: int, quiet: int = QUIET) -> None:
        self._redis = redis
        self._workers = workers
        self._quiet = quiet
        self._later: threading.Timer | None = None
        self._now: threading.Thread | None = None  # the last of them whose time has come
        self._lock = threading.Lock()

    def ring(self) -> bool:
        """Ask for one run of the workers' job, now or in a moment; whether Redis could be reached, where it was asked.

        Where somebody here has asked for a ring in a moment, that one comes after us and will do.
        """
        later = self._later
        return (later is not None and later.is_alive()) or self._ring(or_later=True)

    def close(self) -> None:
        """Ring no more; the ring on its way is waited for, as its connection is closed next."""
        with self._lock:
            later, now = self._later, self._now
        if later is not None:
            later.cancel()
            later.join()
        if now is not None:
            now.join()

    def _ring(self, or_later: bool) -> bool:
        try:
            if self._redis.set("bell", "1", nx=True, px=self._quiet):
                queue = open_queue(self._redis)
                if queue.count < self._workers:
                    queue.enqueue_call(WORK, result_ttl=0, ttl=JOB_TTL, failure_ttl=FAILURE_TTL, timeout=JOB_TIMEOUT)
            elif or_later:
                self._ring_later()
        except RedisError as error:
            log.warning("bell.away", error=type(error).__name__)
            return False
        return True

    def _ring_later(self) -> None:
        with self._lock:
            if self._later is None:
                self._later = threading.Timer((self._quiet + LAG) / 1000, self._make_up)
                self._later.daemon = True
                self._later.start()

    def _make_up(self) -> None:
        with self._lock:
            self._now, self._later = self._later, None  # from here on it takes another one for whoever comes
        # Where somebody was quicker, they rang after whoever asked for this, and their job will see it.
        self._ring(or_later=False)
