"""Write down opens and clicks, each with its class and the rule that gave it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import ARRAY, func, literal, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from service.domain.hit import Hit, Kind, RawHit, judge
from service.store import event
from service.store.delivery import Delivery
from service.store.journey import JourneyClock

log = structlog.get_logger()


def record_hits(session: Session, hits: Sequence[RawHit]) -> int:
    """Store a batch of hits; how many were new. The caller commits.

    A hit seen before (by its nonce, which came with its time) counts once; one of a delivery that is not there, because
    its person was forgotten, is left out. Nothing moves because of it yet: what may be a person's click waits for
    `judge_clicks`.
    """
    handed = _handed_at(session, {hit.delivery_id for hit in hits})
    journey = session.scalar(select(JourneyClock.at))
    known = [hit for hit in hits if hit.delivery_id in handed]
    # In the order of their unique key, so that two hosts with the same hits can't wait for each other.
    rows = [_row(hit, handed[hit.delivery_id], journey) for hit in sorted(known, key=lambda hit: hit.nonce)]
    if len(rows) < len(hits):
        log.info("hits.of_nobody", count=len(hits) - len(rows))
    if not rows:
        return 0
    return _store(session, rows)


def _handed_at(session: Session, delivery_ids: set[int]) -> dict[int, datetime | None]:
    rows = session.execute(select(Delivery.id, Delivery.handed_machine_at).where(Delivery.id.in_(delivery_ids)))
    return dict(rows.all())


def _row(hit: RawHit, handed_at: datetime | None, journey: datetime | None) -> dict[str, Any]:
    since = hit.at - handed_at if handed_at else None
    verdict = judge(Hit(Kind(hit.kind), hit.method, hit.user_agent, since))
    return {
        "at": hit.at,
        "journey_at": journey or hit.at,
        "delivery_id": hit.delivery_id,
        "kind": hit.kind,
        "link_id": hit.link_id,
        "verdict": verdict.hit_class,
        "rule": verdict.rule,
        "ruleset": verdict.ruleset,
        "user_agent": hit.user_agent,
        "nonce": hit.nonce,
    }


def _store(session: Session, rows: Sequence[Mapping[str, Any]]) -> int:
    """One statement whatever the number of rows, each column an array: twice as fast here as rows of parameters."""
    columns = [event.Hit.__table__.c[name] for name in rows[0]]
    arrays = [literal([row[column.name] for row in rows], ARRAY(column.type)) for column in columns]
    given = func.unnest(*arrays).table_valued(*rows[0]).render_derived()
    into = insert(event.Hit).from_select(list(rows[0]), select(*given.c))
    once = into.on_conflict_do_nothing(index_elements=["nonce", "at"])
    return session.connection().execute(once, execution_options={"preserve_rowcount": True}).rowcount
