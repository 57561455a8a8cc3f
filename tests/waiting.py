"""Waiting for what has to come true, on a machine that may be slow."""

from __future__ import annotations

import time
from collections.abc import Callable


class NeverCame(AssertionError):  # noqa: N818 (what it says)
    """What had to come true did not, within its time."""


def until(check: Callable[[], object], what: str, seconds: float = 60, every: float = 0.05) -> float:
    """Wait until `check` holds; how many seconds it took. Raises NeverCame with what was waited for."""
    began = time.monotonic()
    while not check():
        if time.monotonic() - began > seconds:
            raise NeverCame(f"after {seconds:g} s it still isn't true that {what}")
        time.sleep(every)
    return time.monotonic() - began
