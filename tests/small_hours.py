"""A time zone for tests that count by the day: none of its days ends while a test runs, whenever that is."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from service.clock import machine_now

EARLY = 3  # o'clock: long after midnight, and long before a day's share of mails begins to grow


def small_hours() -> ZoneInfo:
    """A zone in which it is between three and four at night now, and in which no clock is ever changed."""
    east = (EARLY - machine_now().hour + 12) % 24 - 12
    return ZoneInfo(f"Etc/GMT{-east:+d}")  # POSIX counts the hours to the west
