"""Numbers and instants as the sentences of pace say them."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


@lru_cache(maxsize=4096)  # whom one instant clears, the same one lets go of again
def spoken(instant: datetime, zone: ZoneInfo) -> str:
    """`Tue 24 Nov 09:00`, in the person's zone."""
    return f"{instant.astimezone(zone):%a %-d %b %H:%M}"


def spoken_day(instant: datetime, zone: ZoneInfo) -> str:
    """`12 June`, in the person's zone."""
    return f"{instant.astimezone(zone):%-d %B}"


def in_words(count: int) -> str:
    """`three`; above ten, digits."""
    return NUMBERS[count] if 0 <= count < len(NUMBERS) else str(count)
