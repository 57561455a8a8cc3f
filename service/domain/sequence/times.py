"""Lengths of time, times of day, days and windows, as they are written."""

from __future__ import annotations

import re
from datetime import date, datetime, time
from decimal import Decimal

from service.domain.sequence.findings import Fault
from service.domain.sequence.model.duration import Duration, Unit
from service.domain.sequence.spelling import did_you_mean
from service.domain.window import ALL_DAYS, Span, Window

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
UNITS = tuple(unit.value for unit in Unit)
MAX_WINDOW = 300
MAX_DAYS = 3_660  # ten years; nobody plans a mail further away

_DURATION = re.compile(r"(\d{1,7}(?:\.\d{1,4})?)\s+([^\W\d_]+)", re.ASCII)
_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)", re.ASCII)
_DAY = re.compile(r"(\d{4})-(\d\d)-(\d\d)", re.ASCII)
_SPAN = re.compile(r"(?:([^\W\d_]+)(?:\s*[-–]\s*([^\W\d_]+))?\s+)?(\d\S*?)\s*[-–]\s*(\d\S*)")
_DAYS_OF = {
    Unit.MINUTES: Decimal(1) / 1440,
    Unit.HOURS: Decimal(1) / 24,
    Unit.DAYS: Decimal(1),
    Unit.WEEKS: Decimal(7),
    Unit.MONTHS: Decimal(30),
    Unit.YEARS: Decimal(366),
    Unit.RHYTHMS: Decimal(100),
}


def read_duration(text: str) -> Duration:
    """`3 days`, `1 hour`, `1.75 rhythms`. Raises Fault `bad-duration`."""
    found = _DURATION.fullmatch(text.strip())
    if found is None:
        message = f"`{_short(text)}` is not a length of time."
        raise Fault("bad-duration", message, "write a number and a unit, like `3 days` or `90 minutes`")
    amount, word = Decimal(found[1]), found[2].casefold()
    unit = next((unit for unit in Unit if word in {unit.value, unit.value.removesuffix("s")}), None)
    if unit is None:
        raise Fault(
            "bad-duration", f"`{_short(word)}` is not a unit of time.", did_you_mean(word, UNITS), found.start(2)
        )
    if unit is not Unit.RHYTHMS and amount != amount.to_integral_value():
        message = f"`{found[0]}`: only rhythms can be parts of one."
        raise Fault("bad-duration", message, "use the smaller unit, like `90 minutes` for an hour and a half")
    if not 0 < amount * _DAYS_OF[unit] <= MAX_DAYS:
        raise Fault("bad-duration", f"`{found[0]}` is not between a minute and ten years.", "write another number")
    return Duration(amount, unit)


def read_span(text: str) -> Duration:
    """A length of time that is the same for everybody, as in `within=`: `30 days`. Raises Fault `bad-duration`."""
    span = read_duration(text)
    if span.unit is Unit.RHYTHMS:
        message = "A rhythm is another for each person, and this is the same for all."
        raise Fault("bad-duration", message, "write days or weeks, like `60 days`")
    return span


def read_clock(text: str) -> time:
    """`09:30`, always two digits, 24 hours. Raises Fault `bad-time`."""
    found = _CLOCK.fullmatch(text.strip())
    if found is None:
        message = f"`{_short(text)}` is not a time of day."
        raise Fault("bad-time", message, "write hours and minutes with two digits each, like `09:30` or `18:00`")
    return time(int(found[1]), int(found[2]))


def read_day(text: str) -> date:
    """`2026-12-24`. Raises Fault `bad-date`."""
    found = _DAY.fullmatch(text.strip())
    try:
        return date(*(int(part) for part in (found.groups() if found else ())))
    except (TypeError, ValueError):
        message = f"`{_short(text)}` is not a day of the calendar."
        raise Fault("bad-date", message, "write year, month and day, like `2026-12-24`") from None


def read_moment(text: str) -> date | datetime:
    """A day, or a day and a time of the business: `2027-03-11 18:00`. Raises Fault `bad-date` or `bad-time`."""
    day, blank, clock = text.strip().partition(" ")
    return datetime.combine(read_day(day), read_clock(clock)) if blank else read_day(day)


def read_window(text: str) -> Window:
    """`Mon-Fri 09:00-17:00, Sat 10:00-14:00`, or `any`. Raises Fault `bad-window` or `window-never-opens`."""
    if text.strip().casefold() == "any":
        return Window.any()
    if len(text) > MAX_WINDOW:
        raise Fault("bad-window", f"This window has more than {MAX_WINDOW} characters.", "like `Mon-Fri 09:00-17:00`")
    spans = []
    at = 0
    for part in text.split(","):
        try:
            spans.append(_span(part.strip()))
        except Fault as fault:
            raise fault.moved(at + len(part) - len(part.lstrip())) from None
        at += len(part) + 1
    return Window(tuple(spans))


def _span(text: str) -> Span:
    found = _SPAN.fullmatch(text)
    if found is None:
        message = f"`{_short(text)}` is not a window."
        raise Fault("bad-window", message, "write days and hours, like `Mon-Fri 09:00-17:00`, or `any`")
    first, last, start, end = found.groups()
    opens = read_clock(start)
    closes = time.max if end == "24:00" else read_clock(end)
    if closes <= opens:
        message = f"The window `{text}` closes before it opens, so nothing could ever leave."
        raise Fault("window-never-opens", message, "for a night write two windows: `20:00-24:00, 00:00-06:00`")
    return Span(_days(first, last or first), opens, closes)


def _days(first: str | None, last: str | None) -> frozenset[int]:
    if first is None or last is None:
        return ALL_DAYS
    start, end = _weekday(first), _weekday(last)
    return frozenset((start + step) % 7 for step in range((end - start) % 7 + 1))


def _weekday(word: str) -> int:
    for number, name in enumerate(WEEKDAYS):
        if word.casefold() == name.casefold():
            return number
    message = f"`{_short(word)}` is not a day of the week."
    raise Fault("bad-window", message, did_you_mean(word, WEEKDAYS, "write Mon, Tue, Wed, Thu, Fri, Sat or Sun"))


def _short(text: str) -> str:
    text = text.strip()
    return text if len(text) <= 60 else text[:59] + "…"
