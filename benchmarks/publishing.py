"""Publishing under load: a crowd inside a sequence follows its new version while the workers send mails."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import text

from benchmarks.bench import Bench, say, wait_until
from benchmarks.crowd import Place, gather
from benchmarks.installation import Installation
from benchmarks.mails import wait_for_mails
from benchmarks.people import decide, join
from benchmarks.result import Result
from service.actions.publish import Edition, publish
from service.cli.plan import make_plan
from service.cli.written import read_written
from service.domain.sequence.library import read_library
from service.store.journey import journey_now

BENCH = "sequences/bench.md"
BEFORE = """---
title: A crowd
stage: onboarding
topic: Tips and ideas
enrol: {on: manual}
stop: [{event: appointment.booked}]
---

## Day 0: hello

Kind: service
Subject: Hello

Hello. [Is it you?](answer:yes)

## Day 30: tip

Subject: A tip

A tip. [Did it help?](answer:yes)
"""
ADDED = """
## Day 20: idea

Subject: An idea

An idea. [Did it help?](answer:yes)

## Day 28: tip
"""
AFTER = BEFORE.replace("\n## Day 30: tip\n", ADDED)
MIDDLE = Place("bench", ("hello", "tip"), "Tips and ideas", delay=30, spread=14 * 24 * 60)
LEFT = "SELECT count(*) FROM rollout WHERE sequence = 'bench'"
LONGEST_WAIT = text(
    "SELECT coalesce(extract(epoch FROM max(clock_timestamp() - state_change)), 0) FROM pg_stat_activity"
    " WHERE wait_event_type = 'Lock' AND wait_event <> 'advisory' AND pid <> pg_backend_pid()"
)
PATIENCE = 600.0  # seconds


@dataclass(slots=True)
class Waits:
    """The longest that anybody was seen waiting for a lock, in seconds."""

    longest: float = 0.0


def measure(bench: Bench) -> Mapping[str, Result]:
    """People a second that a plan looks at, and that follow a publication; and what the mails beside it lose."""
    installation, people = bench.installation, bench.plan.crowd
    say(f"publishing: {people:,} people are in the middle of a sequence")
    _publish(installation, BEFORE)
    _gather(installation, people)
    planned = _plan(installation)
    say(f"publishing: {bench.plan.beside:,} mails alone, then as many beside the publication")
    alone = _send(bench)
    with installation.workers_paused():
        _clear(bench)
        _gather(installation, 0)  # whoever a mail goes out to is one of the crowd
        began = time.monotonic()
        _publish(installation, AFTER)
    with _watched(installation) as waits:
        resumed_at = time.monotonic()
        sent_at = _until_sent(bench)
        wait_until(lambda: not installation.count(LEFT), PATIENCE, "everybody follows the publication")
    took = time.monotonic() - began
    seen = {
        "people": people,
        "seconds": took,
        "longest_lock_wait_ms": waits.longest * 1000,
        "workers": bench.plan.workers,
    }
    return {
        "people_planned_per_second": Result(people / planned, "people/s", more={"people": people, "seconds": planned}),
        "people_replanned_per_second": Result(people / took, "people/s", more=seen | {"workers": bench.plan.workers}),
        "mails_per_second_beside_it": Result(bench.plan.beside / (sent_at - resumed_at), "mails/s", alone, "alone"),
    }


def _gather(installation: Installation, count: int) -> None:
    with installation.runtime.session() as session:
        gather(session, count, MIDDLE, journey_now(session))


def _publish(installation: Installation, words: str) -> None:
    edition, _ = read_written(installation.runtime.settings)
    with installation.runtime.session() as session:
        publish(session, Edition({**edition.files, BENCH: words.encode()}, edition.targets))


def _plan(installation: Installation) -> float:
    """How many seconds a plan of it takes."""
    edition, _ = read_written(installation.runtime.settings)
    library, _ = read_library({**edition.files, BENCH: AFTER.encode()})
    assert library is not None
    began = time.monotonic()
    outlook = make_plan(installation.runtime.engine, library).outlooks["bench"]
    took = time.monotonic() - began
    say(f"publishing: planned in {took:.1f} s: {outlook.gain:,} people get one more")
    return took


def _send(bench: Bench) -> float:
    """Mails a second, with nothing else to do."""
    with bench.installation.workers_paused():
        _clear(bench)
    began = time.monotonic()
    return bench.plan.beside / (_until_sent(bench) - began)


def _clear(bench: Bench) -> None:
    join(bench.installation.runtime, bench.plan.beside)
    decide(bench.installation.runtime)


def _until_sent(bench: Bench) -> float:
    """When the last mail was sent."""
    wait_for_mails(bench.installation, bench.plan.beside)
    return time.monotonic()


@contextmanager
def _watched(installation: Installation) -> Iterator[Waits]:
    """Look fifty times a second how long anybody has been waiting for a lock."""
    waits, over = Waits(), threading.Event()

    def look() -> None:
        with installation.runtime.engine.connect() as connection:
            while not over.wait(0.02):
                waits.longest = max(waits.longest, float(connection.execute(LONGEST_WAIT).scalar_one()))
                connection.rollback()

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield waits
    finally:
        over.set()
        thread.join()
