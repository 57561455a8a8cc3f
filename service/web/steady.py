"""Answers in steady time, so that nobody can tell by a watch what was found.

A signup of somebody known is other work than that of somebody new, and takes about twice as long. So the answer waits
for the next full step of time, by which either is done. It does so while few are being answered; in a crowd everybody
waits for everybody else, threads are dear, and the limits let no stranger keep a crowd up.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

STEP = 0.1  # seconds; nobody who pressed a button feels it
FEW = 16  # signups at once in a process: half its threads


class Steady:
    """One process's. Any thread may call."""

    def __init__(self, step: float) -> None:
        self._step = step  # seconds; 0 where nobody is to wait
        self._lock = Lock()
        self._count = 0

    @contextmanager
    def time(self) -> Iterator[None]:
        """Whatever is done inside takes a whole number of steps, unless more than FEW are inside when it begins or
        ends. What it raises is raised at once."""
        began = time.monotonic()
        with self._lock:
            self._count += 1
            is_quiet = self._count <= FEW
        try:
            yield
            if is_quiet and self._count <= FEW and self._step:
                time.sleep(-(time.monotonic() - began) % self._step)
        finally:
            with self._lock:
                self._count -= 1
