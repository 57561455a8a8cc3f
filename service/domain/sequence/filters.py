"""The four filters of the language, and how a value reads when it is printed: in the reader's own language.

The words of days and the shape of money come from CLDR, through Babel. What speaks is the `Speech` that stands
beside the names of an expression under `_speech`; without one it is plain English in UTC.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_skeleton, format_time
from babel.numbers import format_currency, format_decimal
from jinja2 import Undefined, pass_context
from jinja2.runtime import Context

NEAR = timedelta(days=180)  # a day that is nearer than this needs no year
MONTH_DAY = re.compile(r"(?:--)?(\d{2})-(\d{2})")
LETTERS_OF_WORD = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class Speech:
    """Whose language, time zone and money: `language` as in `de` or `pt-BR`, `currency` as in `EUR`."""

    language: str = "en"
    zone: ZoneInfo | None = None
    currency: str = "EUR"
    today: date | None = None


PLAIN = Speech()


@lru_cache(maxsize=256)
def locale_of(language: str) -> Locale:
    """The locale of `de`, `de-AT` or `pt_BR`; English where CLDR knows none."""
    for name in (language.replace("-", "_"), language.replace("_", "-").partition("-")[0]):
        try:
            return Locale.parse(name)
        except (UnknownLocaleError, ValueError):
            continue
    return Locale("en")


@pass_context
def day(context: Context, value: object) -> object:
    """`Thursday, March 11`; with the year where it lies half a year or more away. `02-29` is `February 29`."""
    if isinstance(value, Undefined):
        return value
    speech = _speech(context)
    locale = locale_of(speech.language)
    if isinstance(value, str) and (match := MONTH_DAY.fullmatch(value)):
        leap = date(2000, int(match[1]), int(match[2]))  # a leap year, so that 29 February is a day
        return format_skeleton("MMMMd", leap, locale=locale)
    when = _local(value, speech)
    if isinstance(when, time):
        raise ValueError(f"{value} is a time without a day")
    whole = when.date() if isinstance(when, datetime) else when
    if speech.today is not None and abs(whole - speech.today) < NEAR:
        return format_date(whole, _day_without_year(locale), locale=locale)
    return format_date(whole, "full", locale=locale)


@pass_context
def clock(context: Context, value: object) -> object:
    """`6:00 PM`, `18:00`: the filter `time`."""
    if isinstance(value, Undefined):
        return value
    speech = _speech(context)
    when = _local(value, speech)
    if isinstance(when, date) and not isinstance(when, datetime):
        raise ValueError(f"{value} is a day without a time")
    return _plain_spaces(format_time(when, "short", locale=locale_of(speech.language)))


@pass_context
def money(context: Context, value: object, currency: object = None) -> object:
    """`€48.00`, `48,00 €`. `currency` is a code like `EUR`; without it, or where it is empty, the business's."""
    if isinstance(value, Undefined):
        return value
    speech = _speech(context)
    code = currency if isinstance(currency, str) and currency else speech.currency
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        raise ValueError(f"{value!r} is not an amount of money") from None
    if not amount.is_finite():
        raise ValueError(f"{value!r} is not an amount of money")
    return format_currency(amount, code, locale=locale_of(speech.language))


def title(value: object) -> object:
    """`ana maría` and `ANA MARÍA` as `Ana María`; a name with capitals of its own, like `McDonald`, stays."""
    if isinstance(value, Undefined):
        return value
    return LETTERS_OF_WORD.sub(lambda word: _capital(word[0]), str(value))


FILTERS = {"day": day, "time": clock, "money": money, "title": title}


def spell(value: object, speech: Speech = PLAIN) -> str:
    """How a value without a filter is printed: text as it is, numbers, days and lists in the reader's language."""
    if isinstance(value, str):
        return value
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return str(format_decimal(value, locale=locale_of(speech.language)))
    if isinstance(value, date | time):
        return _spoken(value, speech)
    if isinstance(value, list | tuple | set | frozenset):
        return ", ".join(spell(each, speech) for each in value)
    if isinstance(value, Mapping):
        return str(value)  # a record says by itself that it is no text
    raise ValueError("that is not a text, a number, a day or a list, so it can't be printed")


def _spoken(value: date | time, speech: Speech) -> str:
    locale = locale_of(speech.language)
    when = _local(value, speech)
    day = "" if isinstance(when, time) else format_date(when, "long", locale=locale)
    at = "" if not isinstance(when, datetime | time) else _plain_spaces(format_time(when, "short", locale=locale))
    return ", ".join(part for part in (day, at) if part)


def _speech(context: Context) -> Speech:
    speech = context.get("_speech")
    return speech if isinstance(speech, Speech) else PLAIN


def _local(value: object, speech: Speech) -> datetime | date | time:
    if isinstance(value, str):
        value = _parsed(value)
    if isinstance(value, datetime):
        return _in_zone(value, speech)
    if isinstance(value, date | time):
        return value
    raise ValueError(f"{value!r} is neither a day nor a time")


def _in_zone(value: datetime, speech: Speech) -> datetime:
    """UTC is spoken in the person's zone; a time with an offset of its own is its place's, and stays."""
    return value.astimezone(speech.zone or UTC) if value.utcoffset() == timedelta(0) else value


def _parsed(text: str) -> datetime | date | time:
    for read in (date.fromisoformat, datetime.fromisoformat, time.fromisoformat):
        try:
            return read(text.strip())
        except ValueError:
            continue
    raise ValueError(f"{text!r} is neither a day nor a time")


def _day_without_year(locale: Locale) -> str:
    """The locale's own full pattern, its year and what parts it from the rest left out."""
    pattern: str = locale.date_formats["full"].pattern
    return re.sub(r"^y(?:年|\. )|,? (?:'de' )?y\b", "", pattern)


def _plain_spaces(text: str) -> str:
    """CLDR parts `6:00 PM` by U+202F, which old fonts show as a box."""
    return text.replace("\u202f", " ")


def _capital(word: str) -> str:
    mixed = word not in (word.lower(), word.upper())
    return word if mixed else word[:1].upper() + word[1:].lower()
