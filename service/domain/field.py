"""Values of the fields that `business.yaml` declares: each type read strictly, and kept as plain JSON."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from service.domain.contact import BadAddress, read_address
from service.domain.sequence.model.business import Business
from service.domain.sequence.names import Shape
from service.domain.sequence.spelling import did_you_mean
from service.domain.window import utc

LONGEST_TEXT = 2_000  # characters
LARGEST = 10**15  # numbers and money, either sign: more than a float holds to the cent is a mistake
LEAP = 2000  # a year that has every day
YEARS = range(1900, 9000)  # so that no time zone can push a date over an edge

_MONTH_DAY = re.compile(r"(?:--|\d{4}-)?(\d{2})-(\d{2})", re.ASCII)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_PHONE = re.compile(r"\+?[0-9][0-9 ()./-]{2,38}", re.ASCII)


class BadValue(ValueError):  # noqa: N818 (what the answer says)
    """A value that its field can't hold; the message is a sentence for whoever sent it."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that does not fit. `path` leads to it: `("consents", 0, "topic")`; `code` is for programs."""

    path: tuple[str | int, ...]
    sentence: str
    code: str = "invalid"


class Unfit(ValueError):  # noqa: N818 (what the answer says)
    """What was sent does not fit, with every fault at once."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__("; ".join(fault.sentence for fault in faults))
        self.faults = faults


def read_value(shape: Shape, value: object, business: Business, zone: ZoneInfo) -> object:
    """The value as it is kept: text, number, or yes and no, ready for JSON. `zone` is that of times without an offset.

    Raises BadValue.
    """
    if isinstance(shape, tuple):
        if value not in shape:
            raise BadValue("This is none of " + ", ".join(f"“{each}”" for each in shape) + ".")
        return value
    if shape == "person":
        return _person(_text(value), business)
    if shape == "time":
        return _time(_text(value), zone)
    return READERS.get(shape, _text)(value)


def read_month_day(value: object) -> str:
    """`05-04`. A year that came with it (`1990-05-04`) is left out: nobody needs to know it. Raises BadValue."""
    found = _MONTH_DAY.fullmatch(_text(value))
    try:
        if found is not None:
            return f"{date(LEAP, int(found[1]), int(found[2])):%m-%d}"
    except ValueError:
        pass
    raise BadValue("This is no day of the year; write month and day, like “05-04”.")


def read_zone(value: object) -> str:
    """The name of a time zone. Raises BadValue."""
    text = _text(value)
    try:
        return ZoneInfo(text).key
    except (LookupError, ValueError, OSError):
        raise BadValue("This is no time zone; write its IANA name, like “Europe/Berlin”.") from None


def read_instant(text: str) -> datetime:
    """A moment in ISO 8601, aware where it has an offset. Raises BadValue."""
    try:
        read = datetime.fromisoformat(text.strip())
        if read.year in YEARS:
            return read
    except ValueError:
        pass
    raise BadValue("This is no date and time; write it like “2026-01-27T16:00:00Z” or “2026-01-27 16:00”.")


def in_utc(at: datetime, zone: ZoneInfo) -> datetime:
    """The instant in UTC; one without an offset is local time in `zone`."""
    return at.astimezone(UTC) if at.tzinfo else utc(at.date(), at.time(), zone)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise BadValue("This should be a text.")
    if len(value) > LONGEST_TEXT:
        raise BadValue(f"This has more than {LONGEST_TEXT} characters.")
    return value.strip()


def _number(value: object) -> int | float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise BadValue("This should be a number.")
    if not math.isfinite(value) or abs(value) > LARGEST:
        raise BadValue(f"This should be a number up to {LARGEST:,}.")
    return value


def _money(value: object) -> int | float:
    """Also written as a text, so that nobody's `48.10` passes through binary on its way."""
    if isinstance(value, str):
        try:
            value = float(Decimal(value.strip()))
        except InvalidOperation:
            raise BadValue("This should be an amount, like 48.00.") from None
    return _number(value)


def _date(value: object) -> str:
    text = _text(value)
    try:
        if _DATE.fullmatch(text):
            return date.fromisoformat(text).isoformat()
    except ValueError:
        pass
    raise BadValue("This is no day of the calendar; write year, month and day, like “2026-12-24”.")


def _time(text: str, zone: ZoneInfo) -> str:
    """One with an offset keeps it: that is its place's own time. One without is the contact's, kept in UTC."""
    at = read_instant(text)
    return (at if at.tzinfo else in_utc(at, zone)).isoformat()


def _link(value: object) -> str:
    text = _text(value)
    try:
        parts = urlsplit(text)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in {"http", "https"} or not parts.hostname or not text.isprintable() or " " in text:
        raise BadValue("This is no link; it should begin with https://.")
    return text


def _email(value: object) -> str:
    try:
        return read_address(_text(value)).email
    except BadAddress as error:
        raise BadValue(str(error)) from None


def _phone(value: object) -> str:
    text = _text(value)
    if not _PHONE.fullmatch(text):
        raise BadValue("This is no phone number; write digits, like “+49 30 5550123”.")
    return text


def _person(name: str, business: Business) -> str:
    people = [each for each, _ in business.people]
    if name not in people:
        raise BadValue(f"`people` of business.yaml has no “{name[:60]}” ({did_you_mean(name, people)}).")
    return name


def _yes_no(value: object) -> bool:
    if not isinstance(value, bool):
        raise BadValue("This should be true or false.")
    return value


READERS: dict[str, Callable[[object], object]] = {
    "number": _number,
    "money": _money,
    "date": _date,
    "month-day": read_month_day,
    "link": _link,
    "email": _email,
    "phone": _phone,
    "yes-no": _yes_no,
}
