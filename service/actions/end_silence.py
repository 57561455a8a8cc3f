"""Whoever was to be asked whether they want to stay, and was not, is not silenced for it.

The question may be lost on its way: they left its topic, something stopped its sequence, no slot was free in time.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from service.domain.sunset import SUNSET, UNENGAGED
from service.store.contact import Contact
from service.store.delivery import Delivery, State
from service.store.enrolment import Enrolment
from service.store.pressure import LEFT


def end_silence_unasked(session: Session, contact_id: int, now: datetime) -> None:
    """After an enrolment that asks is over: if no question left, nor may leave any more, all mail may leave again.

    The contact is locked already; the caller commits.
    """
    left = select(Delivery.id).where(Delivery.enrolment_id == Enrolment.id, Delivery.state.in_(LEFT)).exists()
    asks = (
        select(Enrolment.id)
        .where(Enrolment.contact_id == Contact.id, Enrolment.began_by == UNENGAGED)
        .where(Enrolment.entered_at >= Contact.sunset_at, or_(Enrolment.state == "active", left))
    )
    silent = (Contact.id == contact_id, Contact.sunset_at.is_not(None))
    unasked = update(Contact).where(*silent, ~asks.exists()).values(sunset_at=None).returning(Contact.id)
    if session.scalar(unasked) is None:
        return
    waiting = (Delivery.contact_id == contact_id, Delivery.state == State.HELD, Delivery.rule == SUNSET)
    session.execute(update(Delivery).where(*waiting).values(wake_at=now))
