"""The simulated person's way through one sequence: what an enrolment is in the database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from service.domain.moment import Moment
from service.domain.schedule import Progress
from service.domain.sequence.model.sequence import Sequence

UNDER_WAY = frozenset({"active", "awaited"})


@dataclass(slots=True, eq=False)
class Inside:
    """The person's way through one sequence. `number` tells it from others, in the order in which they began."""

    number: int
    sequence: Sequence
    trigger_key: str
    began_by: str
    about: str | None
    progress: Progress
    data: Mapping[str, Any]
    arm: str | None
    state: str = "active"
    wake_at: datetime | None = None
    why: str | None = None
    paused_at: datetime | None = None

    @property
    def is_under_way(self) -> bool:
        return self.state in UNDER_WAY

    def set_date(self, moment: Moment | None) -> None:
        self.progress = replace(self.progress, date=moment)

    def pause(self, at: datetime | None) -> None:
        """A reply waits for a person; None: no more."""
        self.paused_at = at
        self.progress = replace(self.progress, paused=at is not None)
