"""A backlog that is sent whole: mails a second, and what all workers weigh together, of each part of it.

A million take ten minutes, so it is no part of a whole run: there `memory` sends the first and the last of them.
"""

from __future__ import annotations

import time
from collections.abc import Mapping

from benchmarks.backlog import LOOK_EVERY, SLOWEST, Part, pile_up, publish_mail
from benchmarks.bench import Bench, say
from benchmarks.result import Result
from benchmarks.usage import proportional_megabytes

PART = 50_000  # mails


def measure(bench: Bench) -> Mapping[str, Result]:
    """The last part beside the first."""
    with bench.installation.workers_paused():
        publish_mail(bench.installation)
        pile_up(bench.installation, bench.plan.backlog)
        before = bench.sink.so_far()
    size = min(PART, bench.plan.backlog)
    parts: list[Part] = []
    for number in range(1, bench.plan.backlog // size + 1):
        parts.append(_send(bench, before + (number - 1) * size, size))
        say(f"drain: {number * size:,} sent, {parts[-1].rate:,.0f} mails/s, workers {parts[-1].memory:,.0f} MB")
    first, last = parts[0], parts[-1]
    more = {"backlog": bench.plan.backlog, "workers": bench.plan.workers}
    rates, weights = [each.rate for each in parts], [each.memory for each in parts]
    return {
        "drained_mails_per_second": Result(last.rate, "mails/s", first.rate, "its first", more | {"parts": rates}),
        "drain_memory": Result(max(weights), "MB", first.memory, "at its first", more | {"parts": weights}),
    }


def _send(bench: Bench, before: int, mails: int) -> Part:
    """Watch the next so many leave, after those `before`."""
    most, began, at_first = 0.0, time.monotonic(), bench.sink.so_far()
    while (sent := bench.sink.so_far()) < before + mails:
        bench.installation.runtime.bell.ring()
        most = max(most, proportional_megabytes(bench.installation).get("worker", 0.0))
        if time.monotonic() > began + 60 + mails / SLOWEST:
            raise TimeoutError(f"{sent - before:,} of {mails:,} mails are sent")
        time.sleep(LOOK_EVERY)
    return Part((sent - at_first) / (time.monotonic() - began), most)
