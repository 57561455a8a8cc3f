"""Opening hours let go of all that waited for them; this spreads it out, so that nine o'clock is no herd."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from service.domain.draw import draw
from service.domain.window import Window, is_open, last_open, next_open, opened_at

INSTANT = timedelta(microseconds=1)


def spread_out(
    opening: datetime,
    ends: datetime,
    seed: str,
    spread: timedelta,
    window: Window,
    zone: ZoneInfo,
    closed: Iterable[date] = (),
) -> datetime:
    """When a mail leaves that its window lets go at `opening`: some seconds later, the same ones for the same seed.

    Never past `ends`, nor when the window has closed again. Without a seed there is nothing to draw from.
    """
    if not seed:
        return opening
    latest = last_open(window, opening + spread, zone, closed) or opening
    room = max(min(latest, ends, opening + spread) - opening, timedelta(0))
    leaves = opening + timedelta(seconds=int(room.total_seconds() * draw(seed, "jitter")))
    open_again = next_open(window, leaves, zone, closed)
    return open_again if open_again is not None and open_again <= ends else opening


def opened_within(
    span: timedelta, now: datetime, window: Window, zone: ZoneInfo, closed: Iterable[date] = ()
) -> datetime | None:
    """When a window that is open now opened, if that was less than `span` ago; None where it was open before."""
    opening = opened_at(window, now, zone)
    if opening is None or opening <= now - span:
        return None
    # Hours that end at midnight go on in those that begin then.
    return None if is_open(window, opening - INSTANT, zone, closed) else opening
