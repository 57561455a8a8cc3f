"""The processes of `everafter up`: which, how they are called, and what they are told."""

from __future__ import annotations

import sys

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
        return [*(self._child(name, "worker", **LEAN) for name in names), self._child("beat", "beat", **LEAN)]

    def _child(self, name: str, *command: str, **told: str) -> Child:
        return Child(name, (sys.executable, "-m", "service.cli", *command), self._told | told)
