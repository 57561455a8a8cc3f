"""Write down opens and clicks, each with its class and the rule that gave it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import CursorResult, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from service.domain.hit import Hit, Kind, RawHit, judge
from service.store import event
from service.store.delivery import Delivery
from service.store.journey import JourneyClock

log = structlog.get_logger()


def record_hits(session: Session, hits: Sequence[RawHit]) -> int:
    """Store a batch of hits; how many were new. The caller commits.

    A hit seen before (by its nonce) counts once; one of a delivery that is not there, because its person was forgotten,
    is left out. Nothing moves because of it yet: what may be a person's click waits for `judge_clicks`.
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
    stored = session.execute(insert(event.Hit).on_conflict_do_nothing(index_elements=["nonce"]), rows)
    assert isinstance(stored, CursorResult)
    return stored.rowcount


def _handed_at(session: Session, delivery_ids: set[int]) -> dict[int, datetime | None]:
    rows = session.execute(select(Delivery.id, Delivery.handed_machine_at).where(Delivery.id.in_(delivery_ids)))
    return dict(rows.tuples())


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
