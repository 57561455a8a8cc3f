"""A reply was answered: the sequence that waited for it goes on, or ends."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from service.actions.leave import end_enrolments
from service.domain.clearance import REPLY
from service.domain.departure import ended_by_reply
from service.domain.reason import goes_on
from service.store.delivery import Delivery, State
from service.store.enrolment import Enrolment


def go_on(session: Session, enrolment: Enrolment, who: str, now: datetime) -> None:
    """What was held competes again for its slot. The contact is locked; the caller commits."""
    enrolment.paused_at = None
    if enrolment.state == "active":
        enrolment.wake_at = now
    held = (Delivery.enrolment_id == enrolment.id, Delivery.state == State.HELD, Delivery.rule == REPLY)
    due = {"state": State.DUE, "rule": "due", "reason": goes_on(who), "wake_at": now}
    session.execute(update(Delivery).where(*held).values(due))


def end_after_reply(session: Session, enrolment: Enrolment, words: str, now: datetime) -> None:
    """The way through the sequence is over; `words` say why. The contact is locked; the caller commits."""
    enrolment.paused_at = None
    session.flush()
    end_enrolments(session, ended_by_reply(words), now, Enrolment.id == enrolment.id)
