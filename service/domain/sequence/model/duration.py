"""A length of time as it is written; `service.domain.duration` adds it to an instant."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum


class Unit(StrEnum):
    MINUTES = "minutes"
    HOURS = "hours"
    DAYS = "days"
    WEEKS = "weeks"
    MONTHS = "months"
    YEARS = "years"
    RHYTHMS = "rhythms"


@dataclass(frozen=True, slots=True)
class Duration:
    """`3 days`, `1.75 rhythms`. Days and longer are calendar units in the contact's zone."""

    amount: Decimal
    unit: Unit

    @classmethod
    def of(cls, amount: int, unit: Unit) -> Duration:
        return cls(Decimal(amount), unit)

    def __str__(self) -> str:
        unit = self.unit.value.removesuffix("s") if self.amount == 1 else self.unit.value
        return f"{self.amount.normalize():f} {unit}"
