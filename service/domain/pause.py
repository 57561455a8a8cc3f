"""A person's own pause: for a while no marketing, and then as before."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

CHOICES = (30, 90)  # days, as the preferences page offers them
LONGEST = 365  # days; whoever wants more silence leaves


def pause_ends(now: datetime, days: int, zone: ZoneInfo) -> datetime | None:
    """When a pause of so many days is over that is asked for at `now`: the day begins, where the person is. None for no
    days, which ends a pause. The same wish twice on one day is one wish."""
    if days <= 0:
        return None
    day = now.astimezone(zone).date() + timedelta(days=min(days, LONGEST))
    return datetime.combine(day, time(), zone).astimezone(now.tzinfo)
