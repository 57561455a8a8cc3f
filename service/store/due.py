"""Mails that wait for a verdict, many at a time, without an object for each row."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from service.store.bulk import among, fetch
from service.store.contact import Contact
from service.store.delivery import COUNTED, Delivery, State
from service.store.enrolment import Enrolment

MONTH = timedelta(days=30)
WARM = (1, 3)  # the first and last of the classes that a slot is kept for


class Due(NamedTuple):
    """A delivery that waits for a verdict, with what stands in its enrolment."""

    id: int
    contact_id: int
    enrolment_id: int
    step: str
    occasion: int
    priority: int
    staff_to: str | None
    state: str
    due_at: datetime
    expires_at: datetime | None
    sequence: str
    enrolment_state: str
    why: str | None
    paused_at: datetime | None
    enrolment_wakes_at: datetime | None


class Someone(NamedTuple):
    """What a verdict asks of a contact's row."""

    id: int
    first_name: str | None
    timezone: str | None
    stage: str
    address_hash: bytes
    pressure: float
    pressure_at: datetime | None
    rest_until: datetime | None
    less_often: bool
    sunset_at: datetime | None


class Ahead(NamedTuple):
    """A mail of P1 to P3 that is planned; a step that is no mail may be among them."""

    contact_id: int
    sequence: str
    step: str
    due_at: datetime


DUE = (
    Delivery.id,
    Delivery.contact_id,
    Delivery.enrolment_id,
    Delivery.step,
    Delivery.occasion,
    Delivery.priority,
    Delivery.staff_to,
    Delivery.state,
    Delivery.due_at,
    Delivery.expires_at,
    Enrolment.sequence,
    Enrolment.state,
    Enrolment.why,
    Enrolment.paused_at,
    Enrolment.wake_at,
)
SOMEONE = tuple(getattr(Contact, name) for name in Someone._fields)


def read_due(session: Session, *which: ColumnElement[bool], lock: bool = False) -> list[Due]:
    """The deliveries that fulfil all conditions, by id. Their contacts are locked, which is enough for whatever only
    those may change who hold them; `lock` those that others take under a lease."""
    query = select(*DUE).join(Enrolment, Enrolment.id == Delivery.enrolment_id).where(*which).order_by(Delivery.id)
    if lock:
        query = query.with_for_update(of=Delivery)
    return [Due._make(row) for row in fetch(session, query)]


def read_people(session: Session, contact_ids: Collection[int]) -> dict[int, Someone]:
    """What verdicts ask of contacts, by id."""
    rows = fetch(session, select(*SOMEONE).where(among(Contact.id, contact_ids)))
    return {row[0]: Someone._make(row) for row in rows}


def read_counted(
    session: Session, contact_ids: Collection[int], but: Collection[int], now: datetime
) -> dict[int, list[datetime]]:
    """The instants of the mails that count towards each contact's caps, those in `but` left out.

    A mail counts from when it was cleared, at the time of its hand-over once it has one (journey time).
    """
    query = select(Delivery.contact_id, Delivery.handed_at).where(
        among(Delivery.contact_id, contact_ids),
        Delivery.state.in_(COUNTED),
        Delivery.priority > 0,
        (Delivery.handed_at.is_(None)) | (Delivery.handed_at > now - MONTH),
    )
    if but:
        query = query.where(~among(Delivery.id, but))
    counted: dict[int, list[datetime]] = defaultdict(list)
    for contact_id, handed_at in fetch(session, query):
        counted[contact_id].append(handed_at or now)
    return counted


def read_ahead(session: Session, contact_ids: Collection[int], now: datetime, until: datetime) -> list[Ahead]:
    """What of P1 to P3 is planned for these contacts within a time, the soonest first."""
    query = (
        select(Delivery.contact_id, Enrolment.sequence, Delivery.step, Delivery.due_at)
        .join(Enrolment, Enrolment.id == Delivery.enrolment_id)
        .where(among(Delivery.contact_id, contact_ids), Delivery.state == State.PLANNED, Enrolment.state == "active")
        .where(Delivery.priority.between(*WARM), Delivery.due_at > now, Delivery.due_at <= until)
        .order_by(Delivery.due_at, Delivery.id)
    )
    return [Ahead._make(row) for row in fetch(session, query)]
