"""The pace towards the world as gauges. The great mailbox providers are named; a small domain may be a person's."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import structlog
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from service.domain.mailbox_group import TITLES
from service.domain.pacing_sight import GroupSight, Sight
from service.pace_sight import read_sight
from service.runtime import NothingPublished, Runtime
from service.web.seldom import Seldom

KEPT = 15.0  # seconds for which one look serves every scrape
PATIENCE = "3s"  # for the database
OTHER = "other"

log = structlog.get_logger()


class PaceCollector(Collector):
    """Gauges of every mailbox provider, looked at no more often than every KEPT seconds; none while Valkey is away."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._sight = Seldom(self._look, KEPT)

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterable[Metric]:
        sight = self._sight()
        return [] if sight is None else _families(sight)

    def _look(self) -> Sight | None:
        try:
            with self._runtime.session() as session:
                session.execute(text(f"SET LOCAL statement_timeout = '{PATIENCE}'"))
                return read_sight(self._runtime, session)
        except (RedisError, SQLAlchemyError, NothingPublished) as error:
            log.warning("metrics.without_pace", error=type(error).__name__)
            return None


def _families(sight: Sight) -> Iterable[Metric]:
    left = GaugeMetricFamily("everafter_pace_left", "Mails counted against today's quota", labels=["group"])
    factor = GaugeMetricFamily("everafter_pace_factor", "What is left of the rate, 1 where calm", labels=["group"])
    paused = GaugeMetricFamily("everafter_pace_paused_seconds", "How long nothing leaves", labels=["group"])
    waiting = GaugeMetricFamily("everafter_pace_waiting", "Cleared mails that wait for the group", labels=["group"])
    for name, rows in _by_name(sight).items():
        left.add_metric([name], sum(each.left for each in rows))
        factor.add_metric([name], min(each.factor for each in rows))
        paused.add_metric([name], max(each.paused for each in rows))
        waiting.add_metric([name], sum(each.waiting for each in rows))
    yield from (left, factor, paused, waiting)
    yield GaugeMetricFamily(
        "everafter_pace_warm_up_day", "The day of the warm-up, from 1; 0 without one", sight.warm_up or 0
    )


def _by_name(sight: Sight) -> dict[str, Sequence[GroupSight]]:
    named: dict[str, list[GroupSight]] = {}
    for each in sight.groups:
        name = each.group if each.group in TITLES else OTHER if each.group else "all"
        named.setdefault(name, []).append(each)
    return dict(named)
