"""Everything that one business has written."""

from __future__ import annotations

from dataclasses import dataclass

from service.domain.sequence.model.business import Business
from service.domain.sequence.model.sequence import Sequence


@dataclass(frozen=True, slots=True)
class Library:
    """All that one business has written, read together: what a publication holds, parsed."""

    business: Business
    sequences: tuple[Sequence, ...]

    def sequence(self, key: str) -> Sequence | None:
        return next((sequence for sequence in self.sequences if sequence.key == key), None)
