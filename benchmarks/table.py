"""The results as a table that lines up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from benchmarks.aim import verdict
from benchmarks.result import Result

HEAD = ("", "value", "unit", "reference", "by", "ratio", "aim")
RIGHT = {1, 3, 5}  # columns of numbers


def table(results: Mapping[str, Result]) -> str:
    """One line a result, as plain text; it ends without a line break."""
    return lined_up([HEAD, *(_row(name, result) for name, result in results.items())])


def lined_up(rows: Sequence[Sequence[str]]) -> str:
    """Rows of equally many cells, two blanks between columns; the first row is the head."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(_cell(row, column, widths[column]) for column in range(len(row))).rstrip() for row in rows]
    return "\n".join([lines[0], "-" * max(map(len, lines)), *lines[1:]])


def number(value: float) -> str:
    """Four digits at most where that is enough; thousands are parted."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}" if value >= 0.1 else f"{value:.3f}"


def _row(name: str, result: Result) -> tuple[str, ...]:
    reference = number(result.reference) if result.reference is not None else ""
    ratio = f"{result.ratio:.3f}" if result.ratio is not None else ""
    read_by = (reference, result.reference_name, ratio)
    return (name.replace("_", " "), number(result.value), result.unit, *read_by, verdict(name, result))


def _cell(row: Sequence[str], column: int, width: int) -> str:
    return row[column].rjust(width) if column in RIGHT else row[column].ljust(width)
