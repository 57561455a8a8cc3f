"""One person's story in order: touches, tasks, events and acts of consent, from four tables, page by page.

A task that belongs to a touch is told by it; the others were opened by a reply. Mail to colleagues is no part of it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case, func, literal, select, tuple_, union_all
from sqlalchemy.orm import Session

from service.store.contact import Consent
from service.store.decision import Decision
from service.store.delivery import Delivery, State
from service.store.enrolment import Enrolment
from service.store.event import Event
from service.store.feedback import ToldFeedback
from service.store.task import Task

KINDS = ("consent", "event", "task", "touch")  # in this order where they happened at the same instant

Story = Consent | Event | Task | tuple[Delivery, Enrolment, int | None, list[Decision], list[ToldFeedback]]


@dataclass(frozen=True, slots=True)
class Entry:
    """`at` is when it happened, or is due (a held mail: when it is looked at next).

    Behind a touch stand its enrolment, the id of its task where it is a colleague's, the decisions about its mail, and
    what was told of it.
    """

    at: datetime
    kind: str
    id: int
    row: Story


def read_timeline(
    session: Session, contact_id: int, limit: int, after: tuple[datetime, str, int] | None
) -> list[Entry]:
    """Up to `limit` entries behind the place `after`, the earliest first, in at most seven queries."""
    held = case((Delivery.state == State.HELD, Delivery.wake_at))
    at = func.coalesce(Delivery.sent_at, Delivery.handed_at, held, Delivery.due_at)
    every = union_all(
        select(at.label("at"), literal("touch").label("kind"), Delivery.id).where(
            Delivery.contact_id == contact_id, Delivery.staff_to.is_(None)
        ),
        select(Task.opened_at, literal("task"), Task.id).where(
            Task.contact_id == contact_id, Task.delivery_id.is_(None)
        ),
        select(Event.at, literal("event"), Event.id).where(Event.contact_id == contact_id),
        select(Consent.at, literal("consent"), Consent.id).where(Consent.contact_id == contact_id),
    ).subquery()
    place = (every.c.at, every.c.kind, every.c.id)
    query = select(*place).order_by(*place).limit(limit)
    if after is not None:
        query = query.where(tuple_(*place) > after)
    found = session.execute(query).all()
    rows = _read(session, contact_id, {kind: [row_id for _, each, row_id in found if each == kind] for kind in KINDS})
    return [Entry(at, kind, row_id, rows[kind, row_id]) for at, kind, row_id in found if (kind, row_id) in rows]


def _read(session: Session, contact_id: int, ids: dict[str, list[int]]) -> dict[tuple[str, int], Story]:
    rows: dict[tuple[str, int], Story] = {}
    for consent in session.scalars(select(Consent).where(Consent.id.in_(ids["consent"]))):
        rows["consent", consent.id] = consent
    for event in session.scalars(select(Event).where(Event.id.in_(ids["event"]))):
        rows["event", event.id] = event
    tasks = session.scalars(select(Task).where(Task.id.in_(ids["task"]))) if ids["task"] else ()
    for task in tasks:
        rows["task", task.id] = task
    touches = (
        select(Delivery, Enrolment, Task.id)
        .join(Enrolment, Enrolment.id == Delivery.enrolment_id)
        .outerjoin(Task, Task.delivery_id == Delivery.id)
    )
    decisions = _decisions(session, contact_id, ids["touch"])
    told = _told(session, contact_id, ids["touch"])
    for delivery, enrolment, task_id in session.execute(touches.where(Delivery.id.in_(ids["touch"]))):
        rows["touch", delivery.id] = (delivery, enrolment, task_id, decisions[delivery.id], told[delivery.id])
    return rows


def _decisions(session: Session, contact_id: int, touches: Collection[int]) -> dict[int, list[Decision]]:
    """What was decided about each mail, in order."""
    found: dict[int, list[Decision]] = defaultdict(list)
    of = (Decision.contact_id == contact_id, Decision.delivery_id.in_(touches))
    for decision in session.scalars(select(Decision).where(*of).order_by(Decision.id)):
        found[decision.delivery_id].append(decision)
    return found


def _told(session: Session, contact_id: int, touches: Collection[int]) -> dict[int, list[ToldFeedback]]:
    """What was told of each mail, in the order in which it happened."""
    found: dict[int, list[ToldFeedback]] = defaultdict(list)
    if not touches:
        return found
    of = (ToldFeedback.contact_id == contact_id, ToldFeedback.delivery_id.in_(touches))
    for told in session.scalars(select(ToldFeedback).where(*of).order_by(ToldFeedback.at, ToldFeedback.id)):
        if told.delivery_id is not None:
            found[told.delivery_id].append(told)
    return found
