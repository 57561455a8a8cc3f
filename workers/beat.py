"""The beat: rings each second, moves journey time where it runs fast, drains hits, and prunes once an hour.

Every host has one and none leads: all it does is safe to be done twice. While Redis is away it works itself.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from datetime import timedelta

import structlog
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from service import clock
from service.actions.forget_copies import forget_copies
from service.actions.let_go import ROWS, let_old_rows_go, let_person_go, people_past
from service.actions.move_journey import move_journey, start_journey
from service.actions.prune import (
    BATCH,
    forget_left,
    forget_strangers,
    keeping_of,
    look_after_months,
    prune,
    prune_deliveries,
)
from service.agreement import connections_of, name_of, what_must_agree
from service.local.home import Home
from service.logs import configure
from service.runtime import NothingPublished, Runtime
from service.settings import read_settings
from service.store.host import announce
from service.store.journey import shifted_now
from workers.drain import drain
from workers.job import run as work
from workers.mailroom import settle

log = structlog.get_logger()

TICK = 1.0  # seconds
FAST_TICK = 0.05  # seconds between two moves of a fast journey
PRUNE = 3600.0  # seconds
ANNOUNCE = 30.0  # seconds
PAUSE = 0.1  # seconds between two batches that are let go of
LONGEST_STEP = timedelta(seconds=1)  # real time that one move may make up for


class Beat:
    """One process's beat. `stopping` ends it between two things it does."""

    def __init__(self, runtime: Runtime, stopping: threading.Event) -> None:
        self.runtime = runtime
        self.stopping = stopping
        self.speed = runtime.settings.speed
        self.fast = False
        self._moved_at = time.monotonic()

    def start(self) -> None:
        """Let journey time run where it was asked to, or where it ever did."""
        with self.runtime.session() as session:
            if self.speed != 1.0 or shifted_now(session) is not None:
                start_journey(session, clock.machine_now())
                self.fast = True
        self._moved_at = time.monotonic()

    def run(self) -> None:
        """Beat until told to stop. Whatever is away is tried again at the next beat."""
        self._until_it_works(self.start)
        next_tick = next_prune = next_word = 0.0
        while not self.stopping.is_set():
            now = time.monotonic()
            if self.fast:
                self._try("journey", self.move)
            if now >= next_tick:
                next_tick = now + TICK
                self._try("tick", self.tick)
            if now >= next_word:
                next_word = now + ANNOUNCE
                self._try("announce", self.announce)
                self._try("settle", lambda: settle(self.runtime))
            if now >= next_prune:
                next_prune = now + PRUNE
                self._try("prune", self.prune)
            self.stopping.wait(FAST_TICK if self.fast else max(0.0, next_tick - time.monotonic()))

    def announce(self) -> None:
        """Say that this host is there, and by which settings it works: `everafter doctor` compares them."""
        settings = self.runtime.settings
        said = what_must_agree(settings, self.runtime.hash_key)
        with self.runtime.session() as session:
            announce(session, name_of(settings), said, connections_of(settings), clock.machine_now())

    def tick(self) -> None:
        """Ring, and where nobody could hear it, do the work here; then drain: clicks are judged without Redis too."""
        if self.runtime.pacer is not None:
            self.runtime.pacer.attend(0)  # heard of, so that whoever has to work alone keeps to its share
        if not self.runtime.bell.ring():
            work(self.runtime, self.stopping, budget=TICK * 5)
        drain(self.runtime)

    def move(self) -> None:
        """Move journey time by what has passed since, and ring when something has come due."""
        now = time.monotonic()
        elapsed = min(timedelta(seconds=now - self._moved_at), LONGEST_STEP)
        with self.runtime.session() as session:
            used = move_journey(session, elapsed, self.speed)
        # What was not used while time stood still is not made up for; what a stop cut off is.
        self._moved_at = now if not used else now - (elapsed - used).total_seconds()
        self.runtime.bell.ring()

    def prune(self) -> None:
        """Let go of what is past its time, and make room for the months to come."""
        keeping = keeping_of(self.runtime.settings)
        with self.runtime.session() as session:
            dropped = look_after_months(session, keeping, clock.machine_now())
        if dropped:
            log.info("prune.dropped", parts=dropped)
        self._batch_by_batch(prune)
        self._batch_by_batch(forget_left)
        self._batch_by_batch(lambda session: forget_strangers(session, keeping, clock.machine_now()))
        if keeping.deliveries is not None:
            self._prune_deliveries(keeping.deliveries)
        self._let_go()
        with self.runtime.session() as session:
            forget_copies(session, Home(self.runtime.settings.home).mailbox)

    def _batch_by_batch(self, let_go: Callable[[Session], int]) -> None:
        gone = BATCH
        while gone >= BATCH and not self.stopping.is_set():
            with self.runtime.session() as session:
                gone = let_go(session)

    def _prune_deliveries(self, kept: timedelta) -> None:
        after: int | None = 0
        while after is not None and not self.stopping.is_set():
            with self.runtime.session() as session:
                page = prune_deliveries(session, kept, after)
            after = page.last
            if page.gone:  # so many rows at once are work for the disk: others first
                self.stopping.wait(PAUSE)

    def _let_go(self) -> None:
        """Forget people, and what is known of them, past the time that the business keeps them for."""
        retention = self.runtime.published().library.business.retention
        after: int | None = 0
        while after is not None and not self.stopping.is_set():
            with self.runtime.session() as session:
                page = people_past(session, retention, after)
            for contact_id in page.ids:
                with self.runtime.session() as session:
                    let_person_go(session, retention, contact_id)
            after = page.last
        for rule in ROWS:
            after = 0
            while after is not None and not self.stopping.is_set():
                with self.runtime.session() as session:
                    page = let_old_rows_go(session, retention, rule, clock.machine_now(), after)
                after = page.last

    def _until_it_works(self, call: Callable[[], None]) -> None:
        while not self.stopping.is_set():
            if self._try("start", call):
                return
            self.stopping.wait(TICK)

    def _try(self, what: str, call: Callable[[], object]) -> bool:
        try:
            call()
        except (SQLAlchemyError, RedisError, NothingPublished) as error:
            # All of these pass: the next beat tries again, and what was under way was rolled back.
            log.warning("beat.postponed", what=what, error=type(error).__name__, detail=str(error)[:200])
            return False
        return True


def run() -> None:
    """The process: beat until SIGTERM or SIGINT."""
    configure("beat")
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    runtime = Runtime(read_settings())
    Beat(runtime, stopping).run()
    runtime.close()
