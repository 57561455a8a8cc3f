"""RQ, held short: one queue, JSON, and a job class that runs nothing but what is on its list."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from rq import SimpleWorker
from rq.job import Job

from service.bell import WORK
from workers.job import work

ALLOWED: dict[str, Callable[[], Any]] = {WORK: work}


class ForbiddenJob(Exception):  # noqa: N818 (what it says)
    """A job in the queue that this service never enqueues; whoever wrote it can write to Redis."""


class ListedJob(Job):
    """A job whose function comes from the list, never from an import by name (JSON alone would run `os.system`)."""

    @property
    def func(self) -> Callable[[], Any]:
        name = self.func_name
        if name not in ALLOWED or self.args or self.kwargs or self._instance is not None:
            raise ForbiddenJob(f"{name!r} is not a job of this service")
        return ALLOWED[name]

    # Callbacks are imported by name as well; this service has none.
    success_callback = failure_callback = stopped_callback = property(lambda self: None)


class CalmWorker(SimpleWorker):
    """Works in its own process, so that caches and SMTP connections live on, and ends between two groups of mails."""

    stopping = threading.Event()

    def handle_warm_shutdown_request(self) -> None:
        """SIGTERM: let the running job know; it stops after the group it has in hand."""
        self.stopping.set()
