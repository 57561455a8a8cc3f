"""The processes of `everafter up`: which, how they are called, and what they are told."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from service.local.child import Child
from service.local.orphans import MARK
from service.local.running import environment
from service.settings import Settings


def children(settings: Settings, port: int, mark: str) -> list[Child]:
    """Web, workers, beat and, where no provider is set, the mailbox. Each carries the run's `mark`."""
    told = environment(settings) | {MARK: mark, "PYTHONUNBUFFERED": "1"}
    many = settings.worker_processes > 1
    workers = [f"worker-{number}" if many else "worker" for number in range(1, settings.worker_processes + 1)]
    return [
        *([_child("mailbox", told, "mailbox")] if settings.provider == "mailbox" else []),
        _child("web", told, "web", "--port", str(port)),
        *(_child(name, told, "worker") for name in workers),
        _child("beat", told, "beat"),
    ]


def _child(name: str, told: Mapping[str, str], *command: str) -> Child:
    return Child(name, (sys.executable, "-m", "service.cli", *command), told)
