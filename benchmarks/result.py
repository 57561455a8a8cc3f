"""A number that was measured, beside the number it is to be read by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Result:
    """`reference` is what `reference_name` reached in the same run, in the same unit; None where there is none.

    `more` is what else was seen: shares, rounds, latencies. It goes into the JSON file.
    """

    value: float
    unit: str
    reference: float | None = None
    reference_name: str = ""
    more: Mapping[str, object] = field(default_factory=dict)

    @property
    def ratio(self) -> float | None:
        return self.value / self.reference if self.reference else None

    def plain(self) -> dict[str, object]:
        """As JSON holds it; rounded to four digits, as more would be noise."""
        whole = {
            "value": self.value,
            "unit": self.unit,
            "reference": self.reference,
            "reference_name": self.reference_name or None,
            "ratio": self.ratio,
            **self.more,
        }
        return {name: rounded(value) for name, value in whole.items()}


def rounded(value: object) -> object:
    """Numbers to four significant digits, whatever they stand in; whole ones stay whole."""
    if isinstance(value, float):
        return float(f"{value:.4g}")
    if isinstance(value, Mapping):
        return {name: rounded(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(each) for each in value]
    return value
