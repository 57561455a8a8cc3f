"""Hits on their way out of a web process: gathered for a moment, then handed on many at a time."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from itertools import count
from multiprocessing.util import Finalize
from secrets import token_hex
from threading import Event, Lock, Thread
from time import monotonic

import structlog
from prometheus_client import Counter
from redis import Redis, RedisError
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from service.actions.record_hits import record_hits
from service.clock import machine_now
from service.domain.hit import Kind, RawHit, clean_user_agent
from service.store import stream

MOMENT = 0.05  # seconds that hits are gathered for, and that a kill of the process may lose
ROOM = 100_000  # hits kept while neither Redis nor the database takes them
AT_ONCE = 5_000  # hits handed on in one go
REST = 1.0  # seconds before somebody who was away is asked again
SAY_EVERY = 60.0  # seconds between two lines about dropped hits
PARTING = 5.0  # seconds that a clean stop waits for the last hits

GATHERED = Counter("everafter_hits_gathered", "Opens and clicks that this process saw and handed on", ["kind"])
DROPPED = Counter("everafter_hits_dropped", "Opens and clicks lost while Redis and the database were both away")

log = structlog.get_logger()


class Gatherer:
    """Takes hits from any thread without waiting; one thread of its own hands them to Redis, or else to the table.

    Make it in the process that serves. Its thread starts with the first hit; what is left goes out at a clean exit.
    """

    def __init__(self, redis: Redis, engine: Engine) -> None:
        self._redis, self._engine = redis, engine
        self._hits: deque[RawHit] = deque()
        self._name = token_hex(8)
        self._numbers = count()
        self._filled, self._closed = Event(), Event()
        self._starting = Lock()
        self._thread: Thread | None = None
        self._leaving = 0  # hits in the thread's hands
        self._redis_rests_until = 0.0
        self._dropped = 0
        self._said_at = -SAY_EVERY
        # Runs at the exit of a main process and of a forked one; atexit knows only the first.
        Finalize(None, self.close, exitpriority=10)

    def add(self, kind: Kind, delivery_id: int, link_id: int | None, method: str, user_agent: str) -> None:
        """Take one hit."""
        if len(self._hits) + self._leaving >= ROOM:
            self._dropped += 1
            DROPPED.inc()
            return
        nonce = f"{self._name}{next(self._numbers):x}"
        agent = clean_user_agent(user_agent)
        self._hits.append(RawHit(nonce, kind, delivery_id, link_id, machine_now(), method, agent))
        if not self._filled.is_set():
            self._wake()

    def close(self) -> None:
        """Hand on what is left, and stop."""
        self._closed.set()
        self._filled.set()
        if self._thread is not None:
            self._thread.join(PARTING)

    def _wake(self) -> None:
        self._filled.set()
        with self._starting:
            if self._thread is None or not self._thread.is_alive():
                self._thread = Thread(target=self._run, name="hits", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while True:
            self._filled.wait()
            self._closed.wait(MOMENT)
            self._filled.clear()
            done = self._hand_on()
            self._say_dropped()
            if self._closed.is_set():
                if done and self._hits:
                    continue  # one came in meanwhile
                if not done:
                    log.error("hits.lost", count=len(self._hits), reason="Neither Redis nor the database was there.")
                return
            if not done:
                self._closed.wait(REST)
                self._filled.set()

    def _hand_on(self) -> bool:
        """Hand on all that is here now; False where nobody takes the hits, which then stay."""
        rest = len(self._hits)  # what comes meanwhile waits for the next moment, so that moments stay large
        while rest:
            hits = [self._hits.popleft() for _ in range(min(AT_ONCE, rest))]
            rest -= len(hits)
            self._leaving = len(hits)
            if not self._to_stream(hits) and not self._to_table(hits):
                self._hits.extendleft(reversed(hits))
                self._leaving = 0
                return False
            self._leaving = 0
            opens = sum(hit.kind is Kind.OPEN for hit in hits)
            GATHERED.labels(Kind.OPEN).inc(opens)
            GATHERED.labels(Kind.CLICK).inc(len(hits) - opens)
        return True

    def _to_stream(self, hits: Sequence[RawHit]) -> bool:
        if monotonic() < self._redis_rests_until and not self._closed.is_set():
            return False
        try:
            stream.append(self._redis, hits)
        except (RedisError, stream.StreamFull) as error:
            log.warning("hits.past_redis", reason=str(error) or type(error).__name__)
            self._redis_rests_until = monotonic() + REST
            return False
        return True

    def _to_table(self, hits: Sequence[RawHit]) -> bool:
        try:
            with Session(self._engine) as session:
                record_hits(session, hits)
                session.commit()
        except SQLAlchemyError as error:
            log.warning("hits.kept", count=len(self._hits) + len(hits), reason=str(error.__cause__ or error))
            return False
        return True

    def _say_dropped(self) -> None:
        if self._dropped and monotonic() - self._said_at >= SAY_EVERY:
            log.error("hits.dropped", count=self._dropped, reason="Redis and the database have been away for too long.")
            self._dropped, self._said_at = 0, monotonic()
