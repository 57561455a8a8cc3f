"""What every measurement works with."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from benchmarks.bare import Bare
from benchmarks.installation import Installation, installed
from benchmarks.load import Load
from benchmarks.plan import Plan
from benchmarks.sink import Sink


@dataclass(frozen=True, slots=True)
class Bench:
    plan: Plan
    installation: Installation
    sink: Sink
    bare: Bare
    load: Load


@contextmanager
def apart(bench: Bench, name: str, **settings: str) -> Iterator[Bench]:
    """The same with an installation of its own, whose workers have done nothing yet; the other's stand still."""
    folder = bench.installation.home.path.parent / name
    folder.mkdir()
    folder.chmod(0o711)
    with (
        bench.installation.workers_paused(),
        installed(folder / "home", bench.sink.url, bench.plan.workers, 1, **settings) as installation,
    ):
        yield replace(bench, installation=installation)


def say(words: str) -> None:
    """Progress, for whoever watches."""
    print(f"  {words}", file=sys.stderr, flush=True)


def wait_until(done: Callable[[], bool], seconds: float, what: str, every: float = 0.1) -> None:
    """Ask until it is so. Raises TimeoutError that says what never came."""
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not after {seconds:g} s")
        time.sleep(every)
