"""Let go of people, and of what is known of them, once it is past the time that `retention` of business.yaml names.

Run by beat, a page at a time, so that nobody waits for it. What machines pile up goes by settings: see `prune`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy.orm import Session

from service.actions.erase import erase, lock_with_referrer
from service.domain.duration import subtract
from service.domain.sequence.model.duration import Duration
from service.domain.sequence.model.retention import Retention
from service.store.journey import journey_now
from service.store.retention import (
    CALLS,
    EVENTS,
    NETWORKS,
    Ageing,
    Cuts,
    count_past,
    count_rows,
    let_rows_go,
    read_past,
    which_rule,
)

BATCH = 2_000  # rows that a page looks at
PEOPLE = ("unconfirmed", "leads", "former")
ROWS: Mapping[str, Ageing] = {"events": EVENTS, "networks": NETWORKS, "calls": CALLS}
OF_THE_JOURNEY = frozenset({*PEOPLE, "events"})  # the others go by the machine's time
UTC = ZoneInfo("UTC")

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Page:
    """A walk's next page: the last number looked at, None at its end; whom it found past their time."""

    last: int | None
    ids: tuple[int, ...] = ()
    gone: int = 0


def people_past(session: Session, retention: Retention, after: int = 0) -> Page:
    """Who is past their time among the next contacts behind number `after`."""
    last, found = read_past(session, _cuts(session, retention), after, BATCH)
    return Page(last, tuple(contact_id for contact_id, _ in found))


def let_person_go(session: Session, retention: Retention, contact_id: int) -> str | None:
    """Forget somebody who is past their time still, once nobody else can change that; by which rule. The caller
    commits."""
    if not lock_with_referrer(session, contact_id):
        return None
    rule = which_rule(session, _cuts(session, retention), contact_id)
    if rule is not None:
        erase(session, contact_id)
        log.info("retention.forgot", contact=contact_id, rule=rule)
    return rule


def let_old_rows_go(session: Session, retention: Retention, rule: str, machine_now: datetime, after: int = 0) -> Page:
    """Let go of a page of what a rule of ROWS names. The caller commits."""
    before = _before(session, retention, rule, machine_now)
    if before is None:
        return Page(None)
    last, gone = let_rows_go(session, ROWS[rule], before, after, BATCH)
    return Page(last, gone=gone)


def foresee_letting_go(session: Session, retention: Retention, machine_now: datetime) -> dict[str, int]:
    """How much each rule would let go of now; nothing is changed."""
    people = count_past(session, _cuts(session, retention), BATCH)
    found = {rule: people.get(rule, 0) for rule in PEOPLE}
    for rule, ageing in ROWS.items():
        before = _before(session, retention, rule, machine_now)
        found[rule] = count_rows(session, ageing, before) if before is not None else 0
    return found


def _cuts(session: Session, retention: Retention) -> Cuts:
    now = journey_now(session)
    kept: dict[str, Duration | None] = {rule: getattr(retention, rule) for rule in PEOPLE}
    return {rule: subtract(now, each, UTC) if each else None for rule, each in kept.items()}


def _before(session: Session, retention: Retention, rule: str, machine_now: datetime) -> datetime | None:
    kept: Duration | None = getattr(retention, rule)
    if kept is None:
        return None
    return subtract(journey_now(session) if rule in OF_THE_JOURNEY else machine_now, kept, UTC)
