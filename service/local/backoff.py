"""How long to wait before something that failed is tried again."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Backoff:
    """Half a second, doubling up to thirty; from the start again after a minute of health. Seconds everywhere."""

    first: float = 0.5
    longest: float = 30.0
    healthy: float = 60.0
    _next: float = 0.0

    def after(self, ran_for: float) -> float:
        """The pause after a failure that followed `ran_for` seconds of running."""
        if ran_for >= self.healthy or not self._next:
            self._next = self.first
        pause = self._next
        self._next = min(pause * 2, self.longest)
        return pause
