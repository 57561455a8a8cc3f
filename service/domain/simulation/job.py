"""What a colleague has to do in a simulated life: what a task is in the database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from service.domain.happening import Happening
from service.domain.simulation.inside import Inside
from service.domain.simulation.row import Row
from service.domain.task import Times


@dataclass(slots=True, eq=False)
class Job:
    """What somebody has to do: a touch, or (without a row) an answer to a reply.

    `settled_at` is when it will be settled, by the scenario's `word` on it, or, without one, because that is assumed.
    """

    number: int
    inside: Inside
    row: Row | None
    assignee: str
    times: Times
    settled_at: datetime
    word: Happening | None = None
    is_open: bool = True
    is_reminded: bool = False
    is_over: bool = False  # its settling was looked at
