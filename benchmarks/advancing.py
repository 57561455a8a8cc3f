"""Moving people on: how many steps that are due a second, how long a look takes when none is, and whether either
depends on how many people are inside. The same number is due among a tenth of the people and among all of them.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import text

from benchmarks.bench import Bench, say, wait_until
from benchmarks.crowd import Place, gather
from benchmarks.installation import Installation
from benchmarks.people import decide
from benchmarks.result import Result
from benchmarks.usage import processor_seconds
from service.actions.advance import advance
from service.actions.publish import Edition, publish
from service.cli.written import read_written
from service.store.journey import journey_now

FILE = "sequences/bench-advance.md"
WORDS = """---
title: A great crowd
stage: onboarding
topic: Tips and ideas
enrol: {on: manual}
stop: [{event: appointment.booked}, {when: 'contact.stage == "former"'}]
goal: {event: visit.completed, within: 60 days}
---

## Day 0: hello

Kind: service
Subject: Hello

Hello. [Is it you?](answer:yes)

## Day 30: tip

Subject: A tip
If: not clicked("hello") or contact.stage == "lead"

A tip. [Did it help?](answer:yes)

## Day 60: idea

Subject: An idea

An idea. [Did it help?](answer:yes)
"""
PLACE = Place("bench-advance", ("hello", "tip"), "Tips and ideas", delay=30, spread=14 * 24 * 60)
ROUNDS = 3
LOOKS = 50  # at nothing that is due

# So many of them, from all over the table, are due since some second of the last minute. Thirty days are those of the
# calendar, and have to lie behind the first mail as well.
DUE = text("""
WITH chosen AS (
  SELECT id, CAST(:now AS timestamptz) - (id % 60) * interval '1 second' AS due
  FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM enrolment
        WHERE sequence = :sequence AND wake_at > :now) AS numbered
  WHERE n % :every = 0 LIMIT :due
), long_ago AS (
  SELECT id, due, (due AT TIME ZONE :zone - interval '30 days') AT TIME ZONE :zone AS began FROM chosen
), woken AS (
  UPDATE enrolment SET wake_at = due, entered_at = began, last_done_at = began, last_mail_at = began
  FROM long_ago WHERE enrolment.id = long_ago.id RETURNING enrolment.id, due
)
UPDATE delivery SET due_at = due FROM woken WHERE delivery.enrolment_id = woken.id AND delivery.state = 'planned'
""")
COUNT = "SELECT count(*) FROM enrolment WHERE sequence = 'bench-advance' AND state = 'active'"
OPENED = "SELECT count(*) FROM delivery WHERE step = 'tip' AND state = 'due'"
# Nobody is to get all these mails when the workers go on.
CANCEL = text("UPDATE delivery SET state = 'cancelled', wake_at = NULL WHERE state = 'due' AND step = 'tip'")


@dataclass(frozen=True, slots=True)
class Seen:
    """Steps a second, processor milliseconds a step (ours and the database's) and milliseconds a look, each the median
    of its rounds, among so many people."""

    people: int
    steps: float
    cpu: float
    look: float
    rounds: list[tuple[float, float]]


def measure(bench: Bench) -> Mapping[str, Result]:
    """Steps a second and milliseconds a look, among all beside among a tenth of them."""
    installation, due, inside = bench.installation, bench.plan.due, bench.plan.inside
    with installation.workers_paused():
        decide(installation.runtime)
        _publish(installation)
        few = _among(installation, inside // 10, due)
        many = _among(installation, inside, due)
    more = {"people": many.people, "due": due, "rounds": many.rounds, "rounds_among_a_tenth": few.rounds}
    by = f"among {few.people:,} people"
    return {
        "steps_advanced_per_second": Result(many.steps, "steps/s", few.steps, by, more),
        "cpu_ms_per_step": Result(many.cpu, "ms", few.cpu, by, more),
        "idle_look_ms": Result(many.look, "ms", few.look, by, {"people": many.people}),
    }


def _publish(installation: Installation) -> None:
    edition, _ = read_written(installation.runtime.settings)
    with installation.runtime.session() as session:
        publish(session, Edition({**edition.files, FILE: WORDS.encode()}, edition.targets))
    wait_until(lambda: _is_known(installation), 60, "the publication is read")


def _is_known(installation: Installation) -> bool:
    return installation.runtime.published().library.sequence(PLACE.sequence) is not None


def _among(installation: Installation, people: int, due: int) -> Seen:
    missing = max(people - installation.count(COUNT), 0)
    say(f"advance: {people:,} people are inside, {due:,} steps are due, {ROUNDS} times")
    with installation.runtime.session() as session:
        gather(session, missing, PLACE, journey_now(session))
    _settle(installation)
    rounds = [_round(installation, people, due) for _ in range(ROUNDS)]
    looks = [_look(installation)[1] for _ in range(LOOKS)]
    steps, cpu = (statistics.median(each) for each in zip(*rounds, strict=True))
    return Seen(people, steps, cpu, statistics.median(looks) * 1000, rounds)


def _settle(installation: Installation) -> None:
    """What the database still does about so many new rows is done now, and not while it is measured."""
    with installation.runtime.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("SET statement_timeout = 0"))
        for table in ("contact", "consent", "event", "enrolment", "delivery"):
            connection.execute(text(f"VACUUM (ANALYZE) {table}"))
        connection.execute(text("CHECKPOINT"))
        connection.execute(text("RESET statement_timeout"))


def _round(installation: Installation, people: int, due: int) -> tuple[float, float]:
    """Steps a second, and processor milliseconds a step, until nothing is due any more."""
    zone = installation.runtime.published().library.business.zone
    with installation.runtime.session() as session:
        values = {"sequence": PLACE.sequence, "due": due, "every": max(people // (2 * due), 1), "zone": zone}
        session.execute(DUE, values | {"now": journey_now(session)})
    moved, began, own, database = 0, time.monotonic(), time.thread_time(), _database_seconds(installation)
    while (step := _look(installation)[0]) > 0:
        moved += step
    took = time.monotonic() - began
    used = time.thread_time() - own + _database_seconds(installation) - database
    opened = installation.count(OPENED)
    assert moved == opened == due, f"{moved} moved and {opened} opened of {due}"
    with installation.runtime.session() as session:
        session.execute(CANCEL)
    return due / took, 1000 * used / due


def _database_seconds(installation: Installation) -> float:
    return processor_seconds(installation)["postgres"]


def _look(installation: Installation) -> tuple[int, float]:
    """How many enrolments were due, and the seconds it took."""
    runtime = installation.runtime
    published = runtime.published()
    began = time.monotonic()
    with runtime.session() as session:
        moved = advance(session, published, journey_now(session))
    return moved, time.monotonic() - began
