"""What a simulated person's days hold: things to do by day, in the order of a day."""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush

HAPPENS, MOVES, RULES = range(3)  # the order of a day: what happens, what falls due by it, which mail leaves
Deed = Callable[[], None]


class Agenda:
    """Deeds by day; those of one day and order come as they were put down."""

    def __init__(self, days: int) -> None:
        self.day = 0
        self._days = days
        self._count = 0
        self._heap: list[tuple[int, int, int, Deed]] = []

    def on(self, day: int, order: int, deed: Deed) -> None:
        """Put something down; a day that is past is today, one behind the last is forgotten."""
        if day < self._days:
            self._count += 1
            heappush(self._heap, (max(day, self.day), order, self._count, deed))

    def run(self) -> None:
        """All days to the last."""
        while self._heap:
            self.day, _, _, deed = heappop(self._heap)
            deed()
        self.day = self._days
