"""What mailbox providers make of complaints: below a thousandth all is well, from three on they refuse mail.

support.google.com/a/answer/81126 and senders.yahooinc.com/best-practices: keep below 0.1 %, never reach 0.3 %.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

WATCHED, BAD = 0.001, 0.003
FEWEST = 2  # one complaint says nothing of a sender


class Standing(StrEnum):
    GOOD = "good"
    WATCHED = "watched"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Complaints:
    """So many people complained about so many mails, in the same time."""

    people: int
    mails: int

    @property
    def share(self) -> float:
        return self.people / max(self.mails, 1)

    @property
    def standing(self) -> Standing:
        """How a mailbox provider would see it."""
        if self.people < FEWEST or self.share < WATCHED:
            return Standing.GOOD
        return Standing.BAD if self.share >= BAD else Standing.WATCHED
