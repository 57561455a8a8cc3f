"""`/metrics` for Prometheus: what stands in PostgreSQL, the same from every process, and what this process counted.

Served to programs on this machine, and to keys with the scope `metrics`; a proxied request is not of this machine.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import structlog
from flask import Blueprint, Flask, Response, current_app, request
from prometheus_client import REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector
from sqlalchemy import func, select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from service.domain.access import Scope
from service.domain.leaving import MEANINGS
from service.runtime import Runtime
from service.store.census import count_active, count_deliveries
from service.store.delivery import Delivery, State
from service.store.feedback import FeedbackTally, read_tally
from service.store.journey import journey_now
from service.store.leaving import read_reasons
from service.store.notice import Piled, count_notices
from service.web.api.auth import authorize
from service.web.network import is_local
from service.web.pace_metrics import PaceCollector
from service.web.seldom import Seldom

NAME = "everafter.metrics"
KEPT = 15.0  # seconds for which one look at the database serves every scrape
PATIENCE = "3s"  # for the database; a scrape must never weigh on those who send
DELIVERIES = "Deliveries by state; beyond 100,000 those that are planned or over as PostgreSQL estimates them"
NOTHING = Piled(0, 0, None, None)
WAITING = (State.DUE, State.HELD)

log = structlog.get_logger()
metrics = Blueprint("metrics", __name__)


@dataclass(frozen=True, slots=True)
class Sight:
    """What one look at the database saw. `oldest_due` is in seconds of journey time."""

    deliveries: dict[str, int] = field(default_factory=dict)
    enrolments: int = 0
    oldest_due: float = 0.0
    notices: Piled = NOTHING
    told: Sequence[FeedbackTally] = ()
    reasons: Mapping[str, int] = field(default_factory=dict)  # for leaving


class Database(Collector):
    """Gauges out of PostgreSQL, looked at no more often than every KEPT seconds."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._sight = Seldom(self._look, KEPT)

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterable[Metric]:
        sight = self._sight()
        yield GaugeMetricFamily("everafter_database_up", "1 where PostgreSQL answered in time", int(sight is not None))
        if sight is not None:
            yield from _families(sight)

    def _look(self) -> Sight | None:
        try:
            with self._runtime.session() as session:
                return look(session)
        except SQLAlchemyError as error:
            log.warning("metrics.without_database", error=type(error).__name__)
            return None


def look(session: Session) -> Sight:
    """Count what is there."""
    session.execute(text(f"SET LOCAL statement_timeout = '{PATIENCE}'"))
    counts, active = count_deliveries(session), count_active(session)
    oldest: datetime | None = session.scalar(select(func.min(Delivery.wake_at)).where(Delivery.state.in_(WAITING)))
    late = (journey_now(session) - oldest).total_seconds() if oldest else 0.0
    return Sight(counts, active, max(0.0, late), count_notices(session), read_tally(session), read_reasons(session))


def attach(app: Flask, runtime: Runtime) -> None:
    """Give `/metrics` something to tell."""
    registry = CollectorRegistry()
    registry.register(Database(runtime))
    registry.register(PaceCollector(runtime))
    # Of several processes a scrape meets any one, and counters that jump from one to the other say nothing.
    app.extensions[NAME] = (registry,) if runtime.settings.web_processes > 1 else (registry, REGISTRY)


@metrics.get("/metrics")
def show() -> Response:
    if not is_local(request):
        authorize(Scope.METRICS)
    registries: Sequence[CollectorRegistry] = current_app.extensions[NAME]
    return Response(b"".join(map(generate_latest, registries)), content_type=CONTENT_TYPE_LATEST)


def _families(sight: Sight) -> Iterable[Metric]:
    deliveries = GaugeMetricFamily("everafter_deliveries", DELIVERIES, labels=["state"])
    for state in State:
        deliveries.add_metric([state.value], sight.deliveries.get(state.value, 0))
    yield deliveries
    yield GaugeMetricFamily("everafter_enrolments_active", "People inside a sequence", sight.enrolments)
    yield GaugeMetricFamily(
        "everafter_oldest_due_seconds",
        "How long the delivery that has waited longest is past its time",
        sight.oldest_due,
    )
    notices = GaugeMetricFamily(
        "everafter_notices", "What providers told: still unread, or set aside", labels=["state"]
    )
    notices.add_metric(["waiting"], sight.notices.waiting)
    notices.add_metric(["aside"], sight.notices.aside)
    yield notices
    yield _told(sight.told)
    # A gauge, because somebody may give another reason instead.
    reasons = GaugeMetricFamily("everafter_left_because", "Why people left, as far as they said", labels=["reason"])
    for reason in MEANINGS:
        reasons.add_metric([reason], sight.reasons.get(reason, 0))
    yield reasons


def _told(told: Sequence[FeedbackTally]) -> Metric:
    """Bounces by their kind; `matched` no: of nobody here."""
    labels = ["provider", "what", "bounce", "matched"]
    family = CounterMetricFamily("everafter_feedback", "What was told of our mails, each thing once", labels=labels)
    for each in told:
        family.add_metric([each.provider, each.what, each.bounce, "yes" if each.matched else "no"], each.count)
    return family
