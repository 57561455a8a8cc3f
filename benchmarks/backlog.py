"""A backlog: whether it drains as fast at its first mails as at its last, and what the workers weigh meanwhile.

Twenty thousand mails are sent to the last one. Then a million are due at once, each another person's: the first of
them are sent, what lies between is taken away, and the last of them are sent.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import text

from benchmarks.bench import Bench, apart, say, wait_until
from benchmarks.crowd import gather_due
from benchmarks.installation import Installation
from benchmarks.result import Result
from benchmarks.usage import proportional_megabytes
from service.actions.publish import Edition, publish
from service.cli.written import read_written
from service.store.journey import journey_now

SEQUENCE = "bench-backlog"
FILE = f"sequences/{SEQUENCE}.md"
TOPIC = "Tips and ideas"
WORDS = f"""---
title: A great backlog
stage: onboarding
topic: {TOPIC}
enrol: {{on: manual}}
---

## Day 0: hello

Kind: service
Subject: Hello

Hello {{{{ contact.first_name or "there" }}}}. [Is it you?](https://glow.example/you)
"""
SLOWEST = 10  # mails a second, below which we don't wait any longer
LOOK_EVERY, WEIGH_EVERY = 0.05, 0.5  # seconds
WARM = 0.1  # of a part, which is not counted

# All between the first and the last.
CUT = text("""
WITH last AS (
  SELECT id FROM delivery WHERE state IN ('due', 'held') AND message_id LIKE '<backlog-%' ORDER BY id DESC LIMIT :keep
)
UPDATE delivery SET state = 'cancelled', wake_at = NULL, token = NULL, lease_until = NULL
WHERE message_id LIKE '<backlog-%' AND state IN ('due', 'cleared') AND id < (SELECT min(id) FROM last)
""")


@dataclass(frozen=True, slots=True)
class Part:
    """Mails a second, and the most that all workers weighed together, in megabytes."""

    rate: float
    memory: float


def measure(bench: Bench) -> Mapping[str, Result]:
    """Mails a second at the end of a great backlog beside its beginning, and the workers' memory in both; in an
    installation of its own, whose workers have done nothing else."""
    with apart(bench, "backlog") as alone:
        return _measure(alone)


def _measure(bench: Bench) -> Mapping[str, Result]:
    installation, plan = bench.installation, bench.plan
    with installation.workers_paused():
        publish_mail(installation)
        pile_up(installation, plan.heap)
        before = bench.sink.so_far()
    few = _drain(bench, plan.heap, before)
    with installation.workers_paused():
        pile_up(installation, plan.backlog)
        before = bench.sink.so_far()
    first = _drain(bench, plan.part, before)
    with installation.workers_paused():
        say(f"backlog: on to its last {plan.part:,} mails")
        with installation.runtime.session() as session:
            session.execute(text("SET LOCAL statement_timeout = 0"))
            session.execute(CUT, {"keep": plan.part})
        _settle(installation, "FULL, ")
        before = bench.sink.so_far()
    last = _drain(bench, plan.part, before)
    more = {"backlog": plan.backlog, "part": plan.part, "workers": plan.workers}
    return {
        "backlog_mails_per_second": Result(last.rate, "mails/s", first.rate, "its first mails", more),
        "worker_memory": Result(max(first.memory, last.memory), "MB", few.memory, f"with {plan.heap:,} mails", more),
    }


def publish_mail(installation: Installation) -> None:
    """Publish the sequence with the one mail that is due to everybody."""
    edition, _ = read_written(installation.runtime.settings)
    with installation.runtime.session() as session:
        publish(session, Edition({**edition.files, FILE: WORDS.encode()}, edition.targets))
    known = installation.runtime.published
    wait_until(lambda: known().library.sequence(SEQUENCE) is not None, 60, "the publication is read")


def pile_up(installation: Installation, mails: int) -> None:
    """So many mails are due from now on, each another person's. The workers must be paused."""
    say(f"backlog: {mails:,} mails are due")
    with installation.runtime.session() as session:
        gather_due(session, mails, SEQUENCE, "hello", TOPIC, journey_now(session))
    _settle(installation)


def _settle(installation: Installation, how: str = "") -> None:
    """What the database still does about so many new rows is done now, and not while it is measured.

    FULL, where a million were changed in one statement: they lie as they would if they had been sent one by one.
    """
    with installation.runtime.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("SET statement_timeout = 0"))
        for table in ("contact", "consent", "enrolment", "delivery"):
            connection.execute(text(f"VACUUM ({how}ANALYZE) {table}"))
        connection.execute(text("CHECKPOINT"))
        connection.execute(text("RESET statement_timeout"))


def _drain(bench: Bench, mails: int, before: int) -> Part:
    """Let the workers send so many; a first tenth is not counted, as it warms caches and sessions.

    `before` is how many had arrived while the workers still stood: of a few they have sent all before we look.
    """
    most, warm = 0.0, round(mails * WARM)
    began, weighed = time.monotonic(), float("-inf")
    since, at = 0, began  # how many, and when, once it is warm
    deadline = began + 60 + mails / SLOWEST
    while True:
        sent, now = bench.sink.so_far() - before, time.monotonic()
        if now >= weighed + WEIGH_EVERY:
            weighed = now
            bench.installation.runtime.bell.ring()
            most = max(most, proportional_megabytes(bench.installation).get("worker", 0.0))
        if at == began and warm <= sent < mails:
            since, at = sent, now
        if sent >= mails:
            return Part((sent - since) / (now - at), most)
        if now > deadline:
            raise TimeoutError(f"{sent:,} of {mails:,} mails are sent")
        time.sleep(LOOK_EVERY)
