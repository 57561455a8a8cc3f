"""An enrolment is over: whatever was planned, due, held or cleared for it is cancelled, with the reason."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from service.actions.cancel_tasks import cancel_tasks
from service.actions.end_silence import end_silence_unasked
from service.domain.departure import OWED, RAN_ITS_COURSE, Leave
from service.domain.sunset import UNENGAGED
from service.store.delivery import Delivery, State
from service.store.enrolment import Enrolment

CAN_BE_CANCELLED = (State.PLANNED, State.DUE, State.HELD, State.CLEARED)
UNDER_WAY = ("active", "awaited")


def end(session: Session, enrolment: Enrolment, rows: Iterable[Delivery], leave: Leave, now: datetime) -> None:
    """End one enrolment; `rows` are its deliveries that may be open. All are locked already; the caller commits.

    Open tasks go with it, except where it has run its course or the person only left our mail.
    """
    was_inside = enrolment.state != "awaited"
    enrolment.state, enrolment.why = leave.state if was_inside else "declined", leave.reason
    enrolment.ended_at, enrolment.wake_at = now, None
    for row in rows:
        asked_again = row.occasion and leave.state in RAN_ITS_COURSE
        if row.state in CAN_BE_CANCELLED and row.staff_to is None and not asked_again:
            row.state, row.rule, row.reason = State.CANCELLED, leave.rule, leave.reason
            row.wake_at = None
    if leave.state not in OWED:
        cancel_tasks(session, [enrolment.id], leave.reason, now)
    if enrolment.began_by == UNENGAGED:
        session.flush()
        end_silence_unasked(session, enrolment.contact_id, now)


@dataclass(frozen=True, slots=True)
class Before:
    """How an ending found what it changed: enrolments (state, why, when that ended), and the states of mails, by id."""

    enrolments: dict[int, tuple[str, str | None, datetime | None]] = field(default_factory=dict)
    deliveries: dict[int, str] = field(default_factory=dict)


def end_enrolments(session: Session, leave: Leave, now: datetime, *which: ColumnElement[bool]) -> Before:
    """End the enrolments that fulfil all conditions, and everything of theirs that has not left yet; how they were.

    Their contacts are locked already. A transactional mail that was asked for again belongs to an enrolment that may
    have ended long ago, so ended ones are looked through as well.
    """
    enrolments = session.scalars(select(Enrolment).where(*which).order_by(Enrolment.id).with_for_update()).all()
    ids = [enrolment.id for enrolment in enrolments]
    waiting = select(Delivery).where(Delivery.enrolment_id.in_(ids), Delivery.state.in_(CAN_BE_CANCELLED))
    rows = session.scalars(waiting.order_by(Delivery.id).with_for_update()).all()
    before = Before()
    for enrolment in enrolments:
        own = [row for row in rows if row.enrolment_id == enrolment.id]
        if enrolment.state in UNDER_WAY or own:
            before.enrolments[enrolment.id] = (enrolment.state, enrolment.why, enrolment.ended_at)
            states = {row.id: str(row.state) for row in own}
            end(session, enrolment, own, leave, now)
            before.deliveries.update({row.id: states[row.id] for row in own if row.state == State.CANCELLED})
    return before
