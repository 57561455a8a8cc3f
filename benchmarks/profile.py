"""What one mail costs, step by step: a worker's own code in this process, with a stopwatch at each of its seams."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
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

# The last is what none of the others measures.
STEPS = ("render", "sign", "encode", "smtp", "pace", "database_statements", "database_commits", "rows_and_rules")
PACE = ("groups", "attend", "draw", "settle", "leave")
STATEMENTS = ((Turns, "say"), (Turns, "hear"), (Cursor, "execute"), (Cursor, "executemany"), (Connection, "rollback"))


@dataclass(slots=True)
class Stopwatch:
    """Time inside some functions, in seconds: by the clock, and of this thread's processor. It stands while another of
    those that run is inside: `running` is shared between them, the innermost last."""

    running: list[Stopwatch]
    wall: float = 0.0
    cpu: float = 0.0
    calls: int = 0

    def timing(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The same function, timed."""

        def timed(*arguments: Any, **options: Any) -> Any:
            for outer in self.running[-1:]:
                outer._stop()
            self.running.append(self)
            self._start()
            try:
                return function(*arguments, **options)
            finally:
                self._stop()
                self.running.pop()
                for outer in self.running[-1:]:
                    outer._start()
                self.calls += 1

        return timed

    def _start(self) -> None:
        self.wall -= time.perf_counter()
        self.cpu -= time.thread_time()

    def _stop(self) -> None:
        self.wall += time.perf_counter()
        self.cpu += time.thread_time()


class Watches:
    """A stopwatch a step; together they measure the whole."""

    def __init__(self) -> None:
        running: list[Stopwatch] = []
        self.steps = {name: Stopwatch(running) for name in STEPS}

    def __getitem__(self, step: str) -> Stopwatch:
        return self.steps[step]

    def in_all(self) -> Stopwatch:
        steps = self.steps.values()
        calls = self["rows_and_rules"].calls
        return Stopwatch([], sum(each.wall for each in steps), sum(each.cpu for each in steps), calls)


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
            sent = watches["rows_and_rules"].timing(deliver)(desk, Lease(), lambda: False)
    return {
        f"one_mail_{name}": Result(1000 * watch.wall / sent, "ms", more=_more(watch, sent))
        for name, watch in {**watches.steps, "in_all": watches.in_all()}.items()
    }


def _more(watch: Stopwatch, mails: int) -> dict[str, object]:
    return {"cpu_ms": 1000 * watch.cpu / mails, "calls_per_mail": watch.calls / mails, "mails": mails}


@contextmanager
def watching(runtime: Runtime, watches: Watches) -> Iterator[None]:
    """Put the stopwatches in, and take them out again."""
    with ExitStack() as stack:
        for owner, name, watch in (
            (runtime.signer, "sign", watches["sign"]),
            (templates, "quoted_printable", watches["encode"]),
            (runtime.renderer, "render", watches["render"]),
            (runtime.provider, "send", watches["smtp"]),
            *((runtime.pacer, name, watches["pace"]) for name in PACE if runtime.pacer is not None),
            (Connection, "commit", watches["database_commits"]),
            *((owner, name, watches["database_statements"]) for owner, name in STATEMENTS),
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
