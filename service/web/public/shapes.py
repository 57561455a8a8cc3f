"""What may stand in a form's field, by the field's type, and which control of a page asks for it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from service.domain.contact import BadAddress, read_address

LONGEST = 200  # characters of one value
LEAP_YEAR = 2024  # so that 29 February is a day

# Cc, Cs, Co, Zl, Zp: controls, halves of characters, private ones, line ends. None belongs into a name, and each could
# end a header line, a log line or a database's patience. (Not Cn: new emoji are unassigned to an older Python.)
UNPRINTABLE = frozenset({"Cc", "Cs", "Co", "Zl", "Zp"})
TURNED = re.compile("[\u202a-\u202e\u2066-\u2069\ufffd]")  # text that turns others round; what was not UTF-8


class Misfit(ValueError):  # noqa: N818 (what it says)
    """A value that does not fit its field; the message is a sentence for the person who typed it."""


Reader = Callable[[str], str | bool | int | float]


def read_line(text: str) -> str:
    """One line of text, trimmed, in Unicode's composed form. Raises Misfit."""
    line = unicodedata.normalize("NFC", text.strip())
    if any(unicodedata.category(character) in UNPRINTABLE for character in line) or TURNED.search(line):
        raise Misfit("Please use letters, digits and punctuation only, on one line.")
    if len(line) > LONGEST:
        raise Misfit(f"Please use at most {LONGEST} characters.")
    return line


def read_email(text: str) -> str:
    """An email address, as it will be written to. Raises Misfit."""
    try:
        return read_address(text).email
    except BadAddress as error:
        raise Misfit(str(error)) from None


def read_choice(text: str, choices: tuple[str, ...]) -> str:
    """One of the words that a field offers. Raises Misfit."""
    if text not in choices:
        raise Misfit(f"Please choose one of: {', '.join(choices)}.")
    return text


def _number(text: str) -> int | float:
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("nan")
    if not number.is_finite() or abs(number.adjusted()) > 15:
        raise Misfit("Please give a number, like 12 or 12.5.")
    return int(number) if number == number.to_integral_value() else float(number)


def _money(text: str) -> str:
    if not re.fullmatch(r"-?[0-9]{1,12}(\.[0-9]{1,2})?", text):
        raise Misfit("Please give an amount, like 49 or 49.50.")
    return text


def _date(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise Misfit("Please give a date, like 2026-12-24.") from None


def _month_day(text: str) -> str:
    try:
        return date.fromisoformat(f"{LEAP_YEAR}-{text}").isoformat()[5:]
    except ValueError:
        raise Misfit("Please give a month and a day, like 12-24.") from None


def _time(text: str) -> str:
    try:
        return datetime.fromisoformat(text).isoformat()
    except ValueError:
        raise Misfit("Please give a day and a time, like 2026-12-24T16:00.") from None


def _link(text: str) -> str:
    try:
        parts = urlsplit(text)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in {"http", "https"} or not parts.hostname or " " in text:
        raise Misfit("Please give a web address, like https://example.org.")
    return text


def _yes_no(text: str) -> bool:
    return text.lower() not in {"no", "false", "off", "0"}


def read_timezone(text: str) -> str:
    """A time zone by its IANA name. Raises Misfit."""
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Misfit("Please give a time zone, like Europe/Berlin.") from None
    return text


# type -> (reader of a line, the input's type on a page); any other type is a line of text.
SHAPES: dict[str, tuple[Reader, str]] = {
    "email": (read_email, "email"),
    "phone": (str, "tel"),
    "number": (_number, "number"),
    "money": (_money, "text"),
    "date": (_date, "date"),
    "month-day": (_month_day, "text"),
    "time": (_time, "datetime-local"),
    "link": (_link, "url"),
    "yes-no": (_yes_no, "checkbox"),
}
TEXT: tuple[Reader, str] = (str, "text")
