"""Arbitration: how long it takes to decide about everybody who has three mails due at once, database included.

Beside it stands what the database alone takes to write the same: one statement that settles as many rows and appends
as many decisions, with nothing decided.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import text

from benchmarks.bench import Bench, say, wait_until
from benchmarks.installation import Installation
from benchmarks.people import decide
from benchmarks.result import Result
from benchmarks.rivals import gather_rivals
from benchmarks.usage import processor_seconds
from service.actions.arbitrate import arbitrate
from service.actions.publish import Edition, publish
from service.cli.written import read_written
from workers.process import collecting_seldom, keep_code

FILE = """---
title: {key}
stage: onboarding
topic: Tips and ideas
enrol: {{on: manual}}
---

## Day 0: hello

Kind: {kind}
Subject: Hello

Hello. [Is it you?](answer:yes)
"""
RIVALS = (("bench-onboarding", "onboarding", 2), ("bench-letter", "letter", 4), ("bench-offer", "offer", 7))
TOPIC = "Tips and ideas"
NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)  # a Tuesday, in every window: what is measured is no closed door
ROUNDS = 3

RULED = "SELECT count(*) FROM delivery WHERE step = 'hello' AND occasion = 0 AND rule NOT IN ('due', 'bench')"
TOLD = "SELECT count(*) FROM decision"
FORGET = text("DELETE FROM contact WHERE source = 'bench' AND email LIKE 'rival-%'")
BARE = text("""
WITH settled AS (
  UPDATE delivery SET state = 'held', rule = 'bench', reason = 'Held until Tue 24 Nov 09:00: nothing was decided.',
                      wake_at = CAST(:now AS timestamptz) + interval '1 day'
  WHERE state = 'due' AND step = 'hello' RETURNING id, contact_id, rule, reason, wake_at
)
INSERT INTO decision (at, contact_id, delivery_id, rule, verdict, inputs, until, sentence)
SELECT :now, contact_id, id, rule, 'held', '{"class": 4}', wake_at, reason FROM settled
""")


@dataclass(frozen=True, slots=True)
class Round:
    """Seconds on the clock, and of processors, ours and the database's."""

    wall: float
    own: float
    database: float

    @property
    def cpu(self) -> float:
        return self.own + self.database


def measure(bench: Bench) -> Mapping[str, Result]:
    """Seconds to decide about everybody, and contacts a second."""
    installation, people = bench.installation, bench.plan.rivals
    keep_code()  # as a worker does
    with installation.workers_paused():
        decide(installation.runtime)  # what was measured before has left people behind whose mails are due
        _publish(installation)
        say(f"arbitration: {people:,} people with {len(RIVALS)} mails due each, {ROUNDS} times")
        rounds = [_round(installation, people) for _ in range(ROUNDS)]
        bare = statistics.median(_bare(installation, people) for _ in range(ROUNDS))
    middle = sorted(rounds, key=lambda each: each.wall)[ROUNDS // 2]
    more = {
        "people": people,
        "mails": people * len(RIVALS),
        "cpu_seconds": middle.cpu,
        "cpu_seconds_own": middle.own,
        "rounds": [(each.wall, each.own, each.database) for each in rounds],
    }
    by = "writing the same"
    return {
        "arbitration_seconds": Result(middle.wall, "s", bare, by, more),
        "contacts_arbitrated_per_second": Result(people / middle.wall, "contacts/s", people / bare, by),
    }


def _publish(installation: Installation) -> None:
    edition, _ = read_written(installation.runtime.settings)
    files = {f"sequences/{key}.md": FILE.format(key=key, kind=kind).encode() for key, kind, _ in RIVALS}
    with installation.runtime.session() as session:
        publish(session, Edition({**edition.files, **files}, edition.targets))
    known = installation.runtime.published
    wait_until(lambda: known().library.sequence(RIVALS[0][0]) is not None, 60, "the publication is read")


def _gather(installation: Installation, people: int) -> None:
    with installation.runtime.session() as session:
        session.execute(text("SET LOCAL statement_timeout = 0"))
        session.execute(FORGET)
        gather_rivals(session, people, [(key, priority) for key, _, priority in RIVALS], TOPIC, NOW)
    with installation.runtime.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for table in ("contact", "enrolment", "delivery", "decision"):
            connection.execute(text(f"VACUUM (ANALYZE) {table}"))
        connection.execute(text("CHECKPOINT"))


def _round(installation: Installation, people: int) -> Round:
    _gather(installation, people)
    runtime = installation.runtime
    before, ruled_before = installation.count(TOLD), installation.count(RULED)
    published = runtime.published()
    began, own, database = time.monotonic(), time.thread_time(), _database(installation)
    ruled, batch = 0, 1
    with collecting_seldom():
        while batch:
            with runtime.session() as session:
                batch = arbitrate(session, published, NOW)
            ruled += batch
    wall = time.monotonic() - began
    seen = Round(wall, time.thread_time() - own, _database(installation) - database)
    told, settled = installation.count(TOLD) - before, installation.count(RULED) - ruled_before
    assert ruled == told == settled == people * len(RIVALS), f"{ruled} ruled, {told} told, {settled} settled"
    return seen


def _bare(installation: Installation, people: int) -> float:
    _gather(installation, people)
    began = time.monotonic()
    with installation.runtime.session() as session:
        session.execute(BARE, {"now": NOW})
    return time.monotonic() - began


def _database(installation: Installation) -> float:
    return processor_seconds(installation)["postgres"]
