"""One look serves many who ask."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Seldom(Generic[T]):
    """What `look` saw, looked at anew no more often than every `kept` seconds, by one thread at a time."""

    def __init__(self, look: Callable[[], T], kept: float) -> None:
        self._look, self._kept = look, kept
        self._lock = threading.Lock()
        self._seen: tuple[float, T] | None = None

    def __call__(self) -> T:
        with self._lock:
            if self._seen is None or time.monotonic() - self._seen[0] >= self._kept:
                seen = self._look()
                self._seen = time.monotonic(), seen
            return self._seen[1]
