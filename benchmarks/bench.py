"""What every measurement works with."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.bare import Bare
from benchmarks.installation import Installation
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
