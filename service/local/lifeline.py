"""A process that must not outlive its parent, whatever ends the parent: granian's workers would go on serving."""

from __future__ import annotations

import os
import threading
import time

PERIOD = 0.25  # seconds


def die_with(parent: int) -> None:
    """Watch the parent (its process id) and end this process at once when it is gone. For forked workers.

    The id is the parent's own word, noted before the fork: asked of the kernel here, a parent that died in between
    would go unnoticed, and its successor be watched for ever.
    """
    threading.Thread(target=_watch, args=(parent,), name="lifeline", daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(PERIOD)
    os._exit(1)
