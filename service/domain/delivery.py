"""When a mail that was surely not taken is tried again."""

from __future__ import annotations

from datetime import timedelta

GREYLIST = timedelta(minutes=30)  # RFC 5321 §4.5.4.1: retry no sooner than after 30 minutes
FIRST = timedelta(seconds=5)
LONGEST = timedelta(hours=4)


def retry_after(attempts: int, code: str, asked: float | None = None) -> timedelta:
    """How long to wait before the next attempt (machine time). `attempts` counts those made, from 1.

    What the provider asked for (seconds) stands. A connection that could not be made is tried again soon, doubling
    from 5 s to 5 minutes; a 4xx reply waits for half an hour, doubling to four hours.
    """
    if asked is not None:
        return timedelta(seconds=min(max(asked, 1.0), LONGEST.total_seconds()))
    doubled = float(2 ** min(attempts - 1, 10))
    if code.startswith("4"):
        return min(GREYLIST * doubled, LONGEST)
    return min(FIRST * doubled, timedelta(minutes=5))
