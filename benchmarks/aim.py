"""What the numbers are to reach, and whether they did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks.result import Result


@dataclass(frozen=True, slots=True)
class Aim:
    """What a result has to be, in its own unit: at `least`, at `most`, and its ratio at least `share`."""

    least: float | None = None
    most: float | None = None
    share: float | None = None

    def __str__(self) -> str:
        words = [f"≥ {self.least:,g}"] if self.least is not None else []
        words += [f"≤ {self.most:,g}"] if self.most is not None else []
        words += [f"ratio ≥ {self.share:g}"] if self.share is not None else []
        return ", ".join(words)

    def is_reached(self, result: Result) -> bool:
        """Whether the result is all of that. One without a reference has no share to fall short of."""
        if self.least is not None and result.value < self.least:
            return False
        if self.most is not None and result.value > self.most:
            return False
        return self.share is None or result.ratio is None or result.ratio >= self.share


AIMS: Mapping[str, Aim] = {
    "mails_per_second": Aim(share=0.42),
    "worker_memory": Aim(most=200),
    "opens_per_second": Aim(share=0.4),
    "clicks_per_second": Aim(share=0.35),
    "signup_to_handover_ms": Aim(most=300),
    "signup_to_handover_p99_ms": Aim(most=1_000),
    "events_per_second": Aim(least=800),
    "events_in_lists_per_second": Aim(least=10_000),
    "mails_per_second_in_a_storm": Aim(share=0.75),
    "signups_per_second": Aim(least=1_000, share=0.2),
    "arbitration_seconds": Aim(most=2),
}


def verdict(name: str, result: Result) -> str:
    """What it was to be, in a few characters, behind whether it is; nothing where it has no aim."""
    aim = AIMS.get(name)
    if aim is None:
        return ""
    return f"{'✓' if aim.is_reached(result) else 'missed'} {aim}"
