"""Reading what a provider posted: nothing in it is of any kind or length before it was looked at."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from service.domain.feedback import WORDS, Bounce, bounce_of
from service.ports import NotUnderstood
from service.providers.service import read_json

_SECONDS = 10**11  # of Unix time; beyond it are milliseconds
_PLAIN = (str, int, float)


def events(body: bytes) -> list[Mapping[str, Any]]:
    """The events of a JSON body: one object, or a list of them. Raises NotUnderstood."""
    found = read_json(body)
    listed = found if isinstance(found, list) else [found]
    if not all(isinstance(event, Mapping) for event in listed):
        raise NotUnderstood("an event is no object")
    return listed


def within(value: object, *path: str) -> Any:
    """What is found along the names of `path`, the first of a list each; None where the path ends before."""
    for name in path:
        # What JSON makes is a dict, and to ask that is five times as fast as to ask for any mapping.
        value = value.get(name) if isinstance(value, dict) else None
        if isinstance(value, list):
            value = value[0] if value else None
    return value


def text(value: object, *path: str) -> str:
    """The same as a text without NUL, which no database column takes, and not longer than `WORDS`."""
    found = within(value, *path)
    if isinstance(found, bool) or not isinstance(found, _PLAIN):
        return ""
    return str(found).replace("\x00", "").strip()[:WORDS]


def mapping(value: object, name: str) -> Mapping[str, Any]:
    """The object under a name. Raises NotUnderstood."""
    found = value.get(name) if isinstance(value, Mapping) else None
    if not isinstance(found, Mapping):
        raise NotUnderstood(f"`{name}` is missing, or no object")
    return found


def moment(value: object) -> datetime | None:
    """Unix time in seconds or milliseconds, or ISO 8601 with its offset, as an aware datetime; else None."""
    try:
        seconds = float(value) if isinstance(value, str | int | float) else math.nan
    except (ValueError, OverflowError):
        return _iso(str(value))
    try:
        return datetime.fromtimestamp(seconds / 1000 if abs(seconds) > _SECONDS else seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def verdict(bounce: Bounce, *said: str) -> Bounce:
    """What the provider takes a bounce for, unless a status among `said` is 5.7.x: then the sender has to mend it."""
    return Bounce.POLICY if Bounce.POLICY in map(bounce_of, said) else bounce


def key_of(*parts: str) -> str:
    """A key of an event that has none of its own, by what it says; it tells nobody's address."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:40]


def _iso(value: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(value)
        return found.astimezone(UTC) if found.tzinfo else None
    except (ValueError, OverflowError):
        return None
