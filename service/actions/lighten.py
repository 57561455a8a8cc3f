"""A person did something about our mail: it weighs less on them, and what waited because of its weight is looked at.

What a machine fetched comes here as little as it is folded.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from service.domain.hit import Class, Kind, RawHit
from service.domain.pressure import BY_WEIGHT
from service.ports import Published
from service.store import event
from service.store.bulk import among
from service.store.delivery import Delivery, State
from service.store.pressure import refresh_pressure


def lighten(session: Session, published: Published, contact_ids: Collection[int], now: datetime) -> None:
    """Fold the pressure of locked contacts anew after human evidence or a fresh consent. The caller commits."""
    if not contact_ids:
        return
    refresh_pressure(session, published.library, contact_ids, now)
    waiting = (Delivery.state == State.HELD, Delivery.rule.in_(BY_WEIGHT), Delivery.wake_at > now)
    look = update(Delivery).where(among(Delivery.contact_id, contact_ids), *waiting).values(wake_at=now)
    session.execute(look, execution_options={"synchronize_session": False})


def opened_by(session: Session, hits: Sequence[RawHit]) -> set[int]:
    """The contacts among whose recorded hits is an open that was surely a person's."""
    opens = [hit for hit in hits if hit.kind == Kind.OPEN]
    if not opens:
        return set()
    when = [hit.at for hit in opens]  # or every month's part would be asked
    these = (event.Hit.nonce.in_([hit.nonce for hit in opens]), event.Hit.at.between(min(when), max(when)))
    query = (
        select(Delivery.contact_id)
        .join(event.Hit, event.Hit.delivery_id == Delivery.id)
        .where(*these, event.Hit.verdict == Class.HUMAN, Delivery.staff_to.is_(None))
    )
    return set(session.scalars(query.distinct()))
