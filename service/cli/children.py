"""The processes of `everafter up`: which, how they are called, and what they are told."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from itertools import cycle, islice

from service.local.child import Child
from service.local.orphans import MARK
from service.local.running import environment
from service.settings import Settings

# glibc gives each thread a heap of its own and keeps what it frees; Python's threads take turns anyway.
LEAN = {"MALLOC_ARENA_MAX": "2"}


class Children:
    """All of one run; each carries the run's `mark`, by which the next run knows what this one left behind."""

    def __init__(self, settings: Settings, port: int, mark: str) -> None:
        self._settings = settings
        self._port = port
        self._told = environment(settings) | {MARK: mark, "PYTHONUNBUFFERED": "1"}

    def front(self) -> list[Child]:
        """The site and, where no provider is set, the mailbox: they can wait for a publication."""
        mailbox = [self._child("mailbox", "mailbox")] if self._settings.provider == "mailbox" else []
        return [self._child("web", "web", "--port", str(self._port)), *mailbox]

    def back(self) -> list[Child]:
        """Workers and beat."""
        count = self._settings.worker_processes
        names = ["worker"] if count == 1 else [f"worker-{number}" for number in range(1, count + 1)]
        workers = [self._child(name, "worker", **LEAN) for name in names]
        for worker, core in zip(workers, _cores(count), strict=True):
            worker.core = core
        return [*workers, self._child("beat", "beat", **LEAN)]

    def _child(self, name: str, *command: str, **told: str) -> Child:
        return Child(name, (sys.executable, "-m", "service.cli", *command), self._told | told)


def _cores(count: int) -> Sequence[int | None]:
    """The core of each of so many workers, where they are enough to keep all cores busy; else none has its own.

    Left to the scheduler, two of them often wait for one core while another has nothing to do (docs/performance.md).
    """
    ours = sorted(os.sched_getaffinity(0)) if sys.platform == "linux" else []
    if count < len(ours) or len(ours) < 2:
        return [None] * count
    return list(islice(cycle(ours), count))
