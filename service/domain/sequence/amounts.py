"""Amounts of `business.yaml`: counts, numbers, shares and fixed lengths of time, each within its bounds.

A reader takes the text as it was written, and raises Fault where it is none; `said` writes a value back.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from service.domain.sequence.findings import Fault
from service.domain.sequence.model.duration import Unit
from service.domain.sequence.times import read_duration

Reader = Callable[[str], Any]
LONGEST_GAP = 24 * 366  # hours
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)

_NUMBER = re.compile(r"\d{1,6}(\.\d{1,4})?", re.ASCII)
_SHARE = re.compile(r"(\d{1,3}(?:\.\d{1,4})?)\s*%", re.ASCII)
_LENGTHS = {
    Unit.MINUTES: MINUTE,
    Unit.HOURS: HOUR,
    Unit.DAYS: DAY,
    Unit.WEEKS: 7 * DAY,
}


def whole(least: int, most: int, what: str) -> Reader:
    """A whole number of something. Raises Fault `bad-number`."""

    def read(text: str) -> int:
        digits = text.strip()
        if not digits.isascii() or not digits.isdigit() or not least <= int(digits[:9]) <= most:
            message = f"`{text[:60]}` is not a number of {what}."
            raise Fault("bad-number", message, f"write a whole number between {least} and {most}")
        return int(digits)

    return read


def number(above: float, most: float) -> Reader:
    """A number that may have decimals. Raises Fault `bad-number`."""

    def read(text: str) -> float:
        found = _NUMBER.fullmatch(text.strip())
        if found is None or not above <= float(found[0]) <= most:
            message = f"`{text[:60]}` is not a number between {above:g} and {most:g}."
            raise Fault("bad-number", message, "write one like `1.5`")
        return float(found[0])

    return read


def read_share(text: str) -> float:
    """`50%` or `0.10%`, as a part of one. Raises Fault `bad-share`."""
    found = _SHARE.fullmatch(text.strip())
    if found is None:
        raise Fault("bad-share", f"`{text[:60]}` is not a share.", "write one like `50%` or `0.10%`")
    if not 0 < float(found[1]) <= 100:
        raise Fault("bad-share", f"`{text[:60]}` is not between 0% and 100%.", "write another share")
    return float(found[1]) / 100


def length(least: timedelta, most: timedelta) -> Reader:
    """A length of time that is the same for everybody, whatever the month. Raises Fault `bad-duration`."""
    bounds = f"write it like `48 hours` or `21 days`, between {said(least)} and {said(most)}"

    def read(text: str) -> timedelta:
        found = read_duration(text)
        unit = _LENGTHS.get(found.unit)
        if unit is None or not least <= unit * int(found.amount) <= most:
            raise Fault("bad-duration", f"`{text[:60]}` can't be meant here.", bounds)
        return unit * int(found.amount)

    return read


def none_or(read: Reader) -> Reader:
    """`none`, or what `read` reads."""
    return lambda text: timedelta(0) if text.strip().casefold() == "none" else read(text)


def rhythms(above: float, most: float) -> Reader:
    """`0.75 rhythms`: parts of a person's own interval. Raises Fault `bad-duration`."""

    def read(text: str) -> float:
        found = read_duration(text)
        if found.unit is not Unit.RHYTHMS or not above < found.amount <= most:
            message = f"`{text[:60]}` is no part of a person's interval."
            raise Fault("bad-duration", message, f"write it like `0.75 rhythms`, at most {most:g}")
        return float(found.amount)

    return read


def read_gap(text: str) -> int:
    """`48 hours`, `2 days`, or a plain number of hours; in hours. Raises Fault `bad-duration`."""
    found = read_duration(f"{text} hours" if text.strip().isdigit() else text)
    hours = {Unit.HOURS: 1, Unit.DAYS: 24, Unit.WEEKS: 168}.get(found.unit)
    if hours is None or not 0 < found.amount * hours <= LONGEST_GAP:
        message = f"`{text[:60]}` is no gap between two mails."
        raise Fault("bad-duration", message, "write it like `48 hours` or `2 days`")
    return int(found.amount) * hours


def said(value: float | timedelta, read: Reader | None = None) -> str:
    """A value as it is written in the file: `21 days`, `0.3%`, `48 hours`, `1.25`."""
    if isinstance(value, timedelta):
        return _said_length(value)
    if read is read_share:
        return f"{value * 100:g}%"
    return _said_length(value * HOUR) if read is read_gap else f"{value:g}"


def _said_length(value: timedelta) -> str:
    if not value:
        return "none"
    # Two days are still called 48 hours, as gaps are.
    word, unit = ("days", DAY) if value > 2 * DAY and not value % DAY else ("hours", HOUR)
    if value % unit:
        word, unit = "minutes", MINUTE
    count = value // unit
    return f"{count} {word if count != 1 else word.removesuffix('s')}"
