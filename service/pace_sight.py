"""How the pace stands, read from where it is kept: for `everafter pacing` and `/metrics`."""

from __future__ import annotations

from email.utils import parseaddr
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from service import clock
from service.domain.pacing_sight import Sight, look_at_pace
from service.providers.pace import read_buckets
from service.runtime import Runtime
from service.store.queue import count_queues


def read_sight(runtime: Runtime, session: Session) -> Sight:
    """How it stands now. Raises RedisError while Valkey is away, NothingPublished before the first publication."""
    business = runtime.published().library.business
    sender = parseaddr(business.sender)[1].rpartition("@")[2].casefold()
    now = clock.machine_now().astimezone(ZoneInfo(business.zone))
    return look_at_pace(business.pacing, sender, read_buckets(runtime.redis, sender), count_queues(session), now)
