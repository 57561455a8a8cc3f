"""The Redis stream between those who see hits (web) and those who count them (beat): one entry, many hits.

Entries are read through a consumer group and deleted once their hits are committed, so that every hit is counted at
least once, and by its nonce exactly once. A full stream refuses rather than forgets its oldest.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

import structlog
from redis import Redis, ResponseError

from service.domain.hit import RawHit

STREAM = "hits"
GROUP = "drain"
# One name for all hosts: what somebody took and never settled is found by its age, whoever that was, and no names of
# machines long gone pile up in the group.
CONSUMER = "drain"
HITS_AN_ENTRY = 200
FULL = 50_000  # entries: more than ten minutes of four busy web processes
AT = RawHit._fields.index("at")
LEFT_BEHIND = 30_000  # milliseconds after which an entry counts as left by a dead process

log = structlog.get_logger()


class StreamFull(Exception):  # noqa: N818 (a state, not a fault)
    """Nobody has counted hits for a long time; they have to go elsewhere."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the stream, to be acknowledged by its id."""

    id: bytes
    hits: tuple[RawHit, ...]


def append(redis: Redis, hits: Sequence[RawHit]) -> None:
    """Add hits to the stream. Raises StreamFull, or redis.RedisError where Redis is away."""
    if redis.xlen(STREAM) >= FULL:
        raise StreamFull
    with redis.pipeline(transaction=False) as pipe:
        for start in range(0, len(hits), HITS_AN_ENTRY):
            pipe.xadd(STREAM, {"hits": _encode(hits[start : start + HITS_AN_ENTRY])})
        pipe.execute()


def read(redis: Redis, most: int) -> list[Entry]:
    """Up to `most` hits, in whole entries: what a dead process left first, then what is new.

    Raises redis.RedisError where Redis is away.
    """
    count = max(1, most // HITS_AN_ENTRY)
    try:
        left = redis.xautoclaim(STREAM, GROUP, CONSUMER, LEFT_BEHIND, count=count)[1]
        new = redis.xreadgroup(GROUP, CONSUMER, {STREAM: ">"}, count=count) if not left else ()
    except ResponseError as error:
        if not str(error).startswith("NOGROUP"):
            raise
        _make_group(redis)
        return read(redis, most)
    rows = left or [row for _, entries in cast(list[Any], new) for row in entries]
    return [Entry(entry_id, _decode(entry_id, fields)) for entry_id, fields in rows]


def forget(redis: Redis, entries: Sequence[Entry]) -> None:
    """Acknowledge and delete entries whose hits are committed. Raises redis.RedisError where Redis is away."""
    ids = [entry.id for entry in entries]
    with redis.pipeline() as pipe:
        pipe.xack(STREAM, GROUP, *ids)
        pipe.xdel(STREAM, *ids)
        pipe.execute()


def _make_group(redis: Redis) -> None:
    try:
        redis.xgroup_create(STREAM, GROUP, id="0", mkstream=True)
    except ResponseError as error:
        if not str(error).startswith("BUSYGROUP"):  # another host was quicker
            raise


def _encode(hits: Sequence[RawHit]) -> str:
    # `at` as seconds since 1970: a float of today holds microseconds exactly, and costs a third of ISO 8601.
    return json.dumps([(*hit[:AT], hit.at.timestamp(), *hit[AT + 1 :]) for hit in hits])


def _decode(entry_id: bytes, fields: dict[bytes, bytes]) -> tuple[RawHit, ...]:
    try:
        rows = json.loads(next(iter(fields.values())))
        return tuple(RawHit._make((*row[:AT], datetime.fromtimestamp(row[AT], UTC), *row[AT + 1 :])) for row in rows)
    except (ValueError, TypeError, LookupError, StopIteration, OverflowError) as error:
        # Not written by `append`: it must not stand in the way of all that come after it.
        log.error("hits.unreadable", entry=entry_id, error=str(error))
        return ()
