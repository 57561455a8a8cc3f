"""Count the hits that web processes gathered: out of the stream, into the table, people's clicks on to the engine."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from time import monotonic

import structlog
from redis import RedisError
from sqlalchemy.orm import Session

from service.actions.judge_clicks import MOMENT, clicks_wait, judge_clicks
from service.actions.lighten import lighten, opened_by
from service.actions.record_hits import record_hits
from service.clock import machine_now
from service.domain.hit import RawHit
from service.runtime import Runtime
from service.store import stream
from service.store.contact import lock_contacts
from service.store.journey import journey_now

BATCH = 5_000  # hits a transaction
BUDGET = 5.0  # seconds a call, after which beat has other things to do
# Web processes hand their hits on within 50 ms, and clocks of several hosts differ a little.
ON_THE_WAY = timedelta(seconds=1)

log = structlog.get_logger()


def drain(runtime: Runtime) -> int:
    """Record the hits that wait in the stream, and judge the clicks that have waited; how many hits were new.

    Several hosts may drain at once. With Redis away nothing comes through the stream (web writes to the table
    instead), and the clicks are judged all the same.
    """
    until = machine_now() - MOMENT - ON_THE_WAY
    deadline = monotonic() + BUDGET
    try:
        recorded, emptied = _record(runtime, deadline)
    except RedisError as error:
        log.debug("drain.without_redis", error=str(error))
        recorded, emptied = 0, True
    if emptied:  # else a click's neighbours may still be in the stream
        _judge(runtime, until, deadline)
    return recorded


def _record(runtime: Runtime, deadline: float) -> tuple[int, bool]:
    recorded = 0
    while monotonic() < deadline:
        entries = stream.read(runtime.redis, BATCH)
        if not entries:
            return recorded, True
        with runtime.session() as session:
            hits = [hit for entry in entries for hit in entry.hits]
            recorded += record_hits(session, hits)
            _lighten(runtime, session, hits)
        stream.forget(runtime.redis, entries)
    return recorded, False


def _lighten(runtime: Runtime, session: Session, hits: Sequence[RawHit]) -> None:
    """What people opened weighs less on them; a hit that came past Redis is looked at with their next mail."""
    people = opened_by(session, hits)
    if people:
        lighten(session, runtime.published(), lock_contacts(session, sorted(people)), journey_now(session))


def _judge(runtime: Runtime, until: datetime, deadline: float) -> None:
    with runtime.session() as session:
        left = clicks_wait(session)
    while left and monotonic() < deadline:
        published = runtime.published()
        with runtime.session() as session:
            left = judge_clicks(session, published, until) > 0
