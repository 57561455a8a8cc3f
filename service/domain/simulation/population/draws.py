"""Random numbers by seed, person, purpose and day: the same under every policy, so that policies can be compared.

Philox counts instead of remembering (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011): its key is
seed and person, its counter purpose and day, so no draw depends on which others were made before it.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

MAILS_A_DAY = 8  # that have draws of their own; a ninth mail of one day shares those of the first


class Purpose(IntEnum):
    TRAITS = 0  # not by day: what a person is
    ORGANIC = 1
    LEAD_TIME = 2
    NOTICE = 3
    CLICK = 4
    BOOK = 5
    LEAVE = 6
    COMPLAIN = 7
    ANSWER = 8
    THIN = 9


def uniform(seed: int, person: int, purpose: Purpose, count: int) -> NDArray[np.float64]:
    """Numbers from [0, 1). A longer row begins with the shorter one."""
    bits = np.random.Philox(key=np.array([seed, person], dtype=np.uint64), counter=np.array([0, purpose, 0, 0]))
    return np.random.Generator(bits).random(count)


class Draws:
    """One person's numbers of a year."""

    def __init__(self, seed: int, person: int, days: int) -> None:
        self.traits = uniform(seed, person, Purpose.TRAITS, 24).tolist()
        self.organic = uniform(seed, person, Purpose.ORGANIC, days)
        self._mails: dict[Purpose, NDArray[np.float64]] = {}
        self._own = (seed, person, days * MAILS_A_DAY)

    def of_mail(self, purpose: Purpose, day: int, nth: int) -> float:
        """For the nth mail of a day."""
        row = self._mails.get(purpose)
        if row is None:
            seed, person, count = self._own
            row = self._mails[purpose] = uniform(seed, person, purpose, count)
        return row.item(day * MAILS_A_DAY + nth % MAILS_A_DAY)
