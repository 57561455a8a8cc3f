"""What one mail costs, step by step: a worker's own code in this process, with a stopwatch at each of its seams."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

from psycopg import Connection, Cursor

from benchmarks.bench import Bench, say
from benchmarks.people import decide, join
from benchmarks.result import Result
from service.actions.deliver import deliver
from service.actions.lease import Lease
from service.actions.put_into_words import Desk
from service.rendering import templates
from service.runtime import Runtime
from service.store.turn import Turns

PACE = ("groups", "attend", "draw", "settle", "leave")
STATEMENTS = ((Turns, "say"), (Turns, "hear"), (Cursor, "execute"), (Cursor, "executemany"), (Connection, "rollback"))


@dataclass(slots=True)
class Stopwatch:
    """Time inside some functions, in seconds: by the clock, and of this thread's processor."""

    wall: float = 0.0
    cpu: float = 0.0
    calls: int = 0

    def timing(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The same function, timed. What it calls in turn counts with it."""

        def timed(*arguments: Any, **options: Any) -> Any:
            wall, cpu = time.perf_counter(), time.thread_time()
            try:
                return function(*arguments, **options)
            finally:
                self.wall += time.perf_counter() - wall
                self.cpu += time.thread_time() - cpu
                self.calls += 1

        return timed

    def less(self, *others: Stopwatch) -> Stopwatch:
        """What is left without the time of others that ran inside."""
        wall, cpu = (getattr(self, name) - sum(getattr(each, name) for each in others) for name in ("wall", "cpu"))
        return Stopwatch(max(0.0, wall), max(0.0, cpu), self.calls)


@dataclass(frozen=True, slots=True)
class Watches:
    """A stopwatch a step. Signing and encoding happen inside rendering, everything inside the whole."""

    whole: Stopwatch = field(default_factory=Stopwatch)
    render: Stopwatch = field(default_factory=Stopwatch)
    sign: Stopwatch = field(default_factory=Stopwatch)
    encode: Stopwatch = field(default_factory=Stopwatch)
    smtp: Stopwatch = field(default_factory=Stopwatch)
    pace: Stopwatch = field(default_factory=Stopwatch)
    statements: Stopwatch = field(default_factory=Stopwatch)
    commits: Stopwatch = field(default_factory=Stopwatch)

    def steps(self) -> dict[str, Stopwatch]:
        """Steps that add up to the whole."""
        return {
            "render": self.render.less(self.sign, self.encode),
            "sign": self.sign,
            "encode": self.encode,
            "smtp": self.smtp,
            "pace": self.pace,
            "database_statements": self.statements,
            "database_commits": self.commits,
            "rows_and_rules": self.whole.less(self.render, self.smtp, self.pace, self.statements, self.commits),
        }


def measure(bench: Bench) -> Mapping[str, Result]:
    """Milliseconds of each step of one mail, of one worker that is alone; in groups, as shipped."""
    runtime, count = bench.installation.runtime, bench.plan.profiled
    with bench.installation.workers_paused():
        say(f"profile: {count:,} mails in one process, the workers paused")
        join(runtime, count)
        decide(runtime)
        watches = Watches()
        with watching(runtime, watches):
            desk = Desk(runtime.session, runtime.published, runtime.renderer, runtime.provider, 25, runtime.pacer)
            sent = watches.whole.timing(deliver)(desk, Lease(), lambda: False)
    return {
        f"one_mail_{name}": Result(1000 * watch.wall / sent, "ms", more=_more(watch, sent))
        for name, watch in {**watches.steps(), "in_all": watches.whole}.items()
    }


def _more(watch: Stopwatch, mails: int) -> dict[str, object]:
    return {"cpu_ms": 1000 * watch.cpu / mails, "calls_per_mail": watch.calls / mails, "mails": mails}


@contextmanager
def watching(runtime: Runtime, watches: Watches) -> Iterator[None]:
    """Put the stopwatches in, and take them out again."""
    with ExitStack() as stack:
        for owner, name, watch in (
            (runtime.signer, "sign", watches.sign),
            (templates, "quoted_printable", watches.encode),
            (runtime.renderer, "render", watches.render),
            (runtime.provider, "send", watches.smtp),
            *((runtime.pacer, name, watches.pace) for name in PACE if runtime.pacer is not None),
            (Connection, "commit", watches.commits),
            *((owner, name, watches.statements) for owner, name in STATEMENTS),
        ):
            stack.enter_context(_replaced(owner, name, watch.timing(getattr(owner, name))))
        yield


@contextmanager
def _replaced(owner: object, name: str, value: object) -> Iterator[None]:
    had, before = name in vars(owner), getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, before) if had else delattr(owner, name)
