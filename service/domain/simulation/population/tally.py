"""What one person's year came to."""

from __future__ import annotations

from dataclasses import dataclass, field

CLASSES = 8  # P0 to P7


@dataclass(slots=True)
class Tally:
    """Counts, and `reachable` (at the end) and `silenced` (by the sunset) as 0 or 1. `expired` is by class, `held` the
    days that the mails that left had waited."""

    mails: int = 0
    service: int = 0
    conversions: int = 0
    unsubscribes: int = 0
    complaints: int = 0
    reachable: int = 1
    silenced: int = 0
    held: int = 0
    expired: list[int] = field(default_factory=lambda: [0] * CLASSES)
