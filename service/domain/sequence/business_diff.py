"""What changed between two versions of business.yaml, as far as people feel it."""

from __future__ import annotations

from collections.abc import Iterable

from service.domain.sequence.model.business import Business
from service.domain.sequence.step_diff import said_change
from service.domain.sequence.throttle import compare_policies


def compare_businesses(old: Business, new: Business) -> Iterable[tuple[str, str]]:
    """What changed, and how: times, days, limits, topics."""
    for how in said_change("", old.zone, new.zone):
        yield "time zone", how
    pairs = (
        ("window", old.window, new.window, "other hours"),
        ("closed", old.closed, new.closed, _days(old, new)),
        ("throttle", old.throttle, new.throttle, compare_policies(old.throttle, new.throttle)),
        ("rhythm", old.rhythm, new.rhythm, "other intervals"),
        ("calendar", old.calendar, new.calendar, "other days"),
        ("referral", old.referral, new.referral, "other rewards for friends; what is given already stays"),
        ("topics", _topics(old), _topics(new), _members(_topics(old), _topics(new))),
        ("segments", _segments(old), _segments(new), _members(_segments(old), _segments(new))),
    )
    for name, was, now, how in pairs:
        if was != now:
            yield name, how


def _days(old: Business, new: Business) -> str:
    added = [f"+{day}" for day in new.closed if day not in old.closed]
    return ", ".join(added + [f"-{day}" for day in old.closed if day not in new.closed])


def _topics(business: Business) -> dict[str, str]:
    return {topic.name: topic.basis for topic in business.topics}


def _segments(business: Business) -> dict[str, str]:
    return {name: expression.source for name, expression in business.segments}


def _members(old: dict[str, str], new: dict[str, str]) -> str:
    added = [f"+{name}" for name in new if name not in old]
    removed = [f"-{name}" for name in old if name not in new]
    changed = [f"{name}: {old[name]} → {new[name]}" for name in new if name in old and old[name] != new[name]]
    return ", ".join(added + removed + changed)
