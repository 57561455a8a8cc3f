"""How the pace towards the world stands: what each mailbox group got today, may get, and what waits for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from service.domain.bucket import Bucket, Limit, draw, effective
from service.domain.mailbox_group import title_of
from service.domain.pacing import Pacing, limit_in_all, limit_of, warm_up_day

ALL_MAIL = "all mail"


@dataclass(frozen=True, slots=True)
class GroupSight:
    """One group, "" being all of them together. `rate` in mails a second as it is now, 0 for any; `quota` of today,
    None for any, of which `allowed` by now; `left` today; `paused` in seconds; `tokens` may leave at once."""

    group: str
    title: str
    left: int
    quota: int | None
    allowed: int | None
    rate: float
    factor: float
    tokens: float | None
    paused: float
    waiting: int


@dataclass(frozen=True, slots=True)
class Sight:
    """All of it. `warm_up` is the warm-up's day, counted from 1, None without one."""

    sender: str
    warm_up: int | None
    groups: tuple[GroupSight, ...]


def look_at_pace(
    pacing: Pacing, sender: str, buckets: Mapping[str, Bucket], waiting: Mapping[str, int], now: datetime
) -> Sight:
    """How it stands at `now`, local to the business: each group that is limited by name, slowed down or waited for."""
    named = {group for group, _ in pacing.groups}
    groups = sorted({*named, *buckets, *waiting} - {""})
    rows = [_look("", limit_in_all(pacing, now), buckets, waiting, now)]
    rows += [_look(group, limit_of(pacing, group, now), buckets, waiting, now) for group in groups]
    return Sight(sender, warm_up_day(pacing, now.date()), tuple(rows))


def _look(
    group: str, limit: Limit, buckets: Mapping[str, Bucket], waiting: Mapping[str, int], now: datetime
) -> GroupSight:
    bucket, grant = draw(buckets.get(group, Bucket()), limit, 0, 0, now.timestamp())
    rate = effective(limit, bucket.factor)
    return GroupSight(
        group=group,
        title=title_of(group) if group else ALL_MAIL,
        left=bucket.count,
        quota=None if limit.quota < 0 else limit.quota,
        allowed=None if limit.allowed < 0 else limit.allowed,
        rate=rate,
        factor=bucket.factor,
        tokens=bucket.tokens if rate else None,
        paused=grant.pause,
        waiting=waiting.get(group, 0) if group else sum(waiting.values()),
    )
