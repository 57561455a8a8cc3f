"""What `check` finds: frozen, and printed as a line."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from service.domain.sequence.model.place import Place


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding of `check`: what is wrong, where, and how to mend it. `code` is stable, for programs."""

    place: Place
    severity: Severity
    code: str
    message: str
    hint: str = ""

    def __str__(self) -> str:
        mend = f" ({self.hint})" if self.hint else ""
        return f"{self.place}: {self.severity}: {self.message}{mend}"
