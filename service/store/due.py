"""Mails that wait for a verdict, many at a time, without an object for each row."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from service.store.bulk import listed
from service.store.driver import read

MONTH = timedelta(days=30)


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
    client_since: datetime | None
    dealt_at: datetime | None
    address_hash: bytes
    pressure: float
    pressure_at: datetime | None
    less_often: bool
    sunset_at: datetime | None
    paused_until: datetime | None


class Ahead(NamedTuple):
    """A mail of P1 to P3 that is planned; a step that is no mail may be among them."""

    contact_id: int
    sequence: str
    step: str
    due_at: datetime


DUE = """
    SELECT delivery.id, delivery.contact_id, enrolment_id, step, occasion, priority, staff_to, delivery.state, due_at,
           expires_at, enrolment.sequence, enrolment.state, enrolment.why, enrolment.paused_at, enrolment.wake_at
    FROM delivery JOIN enrolment ON enrolment.id = delivery.enrolment_id
    """
WAITING = text(
    DUE
    + """
    WHERE delivery.contact_id = ANY(CAST(:ids AS bigint[])) AND delivery.state IN ('due', 'held') ORDER BY delivery.id
    """
)
TAKEN = text(
    DUE
    + """
    WHERE delivery.id = ANY(CAST(:ids AS bigint[])) AND delivery.state = 'cleared' AND delivery.token = :token
    ORDER BY delivery.id FOR NO KEY UPDATE OF delivery
    """
)
PEOPLE_IN = f"SELECT {', '.join(Someone._fields)} FROM contact WHERE id = ANY({{}})"  # noqa: S608 (our own names)
PEOPLE = text(PEOPLE_IN.format("CAST(:ids AS bigint[])"))
# `FOR SHARE` lets two workers pass one cap. What is answered is the row that is locked, as it is now.
LOCK = PEOPLE_IN + " ORDER BY id FOR NO KEY UPDATE"
LOCK_PEOPLE = text(LOCK.format("CAST(:ids AS bigint[])"))
LOCK_READERS = text(LOCK.format("ARRAY(SELECT contact_id FROM delivery WHERE id = ANY(CAST(:ids AS bigint[])))"))
MAILS = text(
    """
    SELECT contact_id, handed_at FROM delivery
    WHERE contact_id = ANY(CAST(:ids AS bigint[])) AND state IN ('cleared', 'handed', 'sent', 'uncertain')
      AND priority > 0 AND (handed_at IS NULL OR handed_at > :since) AND id <> ALL(CAST(:but AS bigint[]))
    """
)
AHEAD = text(
    """
    SELECT delivery.contact_id, sequence, step, due_at
    FROM delivery JOIN enrolment ON enrolment.id = delivery.enrolment_id
    WHERE delivery.contact_id = ANY(CAST(:ids AS bigint[])) AND delivery.state = 'planned'
      AND enrolment.state = 'active' AND priority BETWEEN 1 AND 3 AND due_at > :now AND due_at <= :until
    ORDER BY due_at, delivery.id
    """
)


def read_due(session: Session, contact_ids: Collection[int]) -> list[Due]:
    """What is due or held for these contacts, by id. They are locked, which is enough for whatever only those may
    change who hold them."""
    return [Due._make(row) for row in read(session, WAITING, ids=listed(contact_ids))]


def read_taken(session: Session, ids: Collection[int], token: str) -> list[Due]:
    """Of these mails those that are cleared and taken under this token, by id; locked, their contacts are already."""
    return [Due._make(row) for row in read(session, TAKEN, ids=listed(ids), token=token)]


def lock_readers(session: Session, delivery_ids: Collection[int]) -> None:
    """Lock the contacts of these mails, in ascending order: the first lock of every writer."""
    read(session, LOCK_READERS, ids=listed(delivery_ids))


def read_people(session: Session, contact_ids: Collection[int]) -> dict[int, Someone]:
    """What verdicts ask of contacts, by id."""
    return people_of(read(session, PEOPLE, ids=listed(contact_ids)))


def people_of(rows: Iterable[Sequence[Any]]) -> dict[int, Someone]:
    """The rows of PEOPLE, or of those who were locked, by id."""
    return {row[0]: Someone._make(row) for row in rows}


def read_counted(
    session: Session, contact_ids: Collection[int], but: Collection[int], now: datetime
) -> dict[int, list[datetime]]:
    """The instants of the mails that count towards each contact's caps, those in `but` left out.

    A mail counts from when it was cleared, at the time of its hand-over once it has one (journey time).
    """
    counted: dict[int, list[datetime]] = defaultdict(list)
    values = {"ids": listed(contact_ids), "but": listed(but), "since": now - MONTH}
    for contact_id, handed_at in read(session, MAILS, **values):
        counted[contact_id].append(handed_at or now)
    return counted


def read_ahead(session: Session, contact_ids: Collection[int], now: datetime, until: datetime) -> list[Ahead]:
    """What of P1 to P3 is planned for these contacts within a time, the soonest first."""
    return [Ahead._make(row) for row in read(session, AHEAD, ids=listed(contact_ids), now=now, until=until)]
