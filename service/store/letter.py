"""What it takes to put many mails into words: each with its enrolment and its reader, in one statement."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from service.store.bulk import listed
from service.store.driver import read_alone


class Mail(NamedTuple):
    """What a mail's words need of its row."""

    id: int
    contact_id: int
    enrolment_id: int
    step: str
    staff_to: str | None
    due_at: datetime
    message_id: str


class Inside(NamedTuple):
    """What they need of its enrolment."""

    id: int
    sequence: str
    entered_at: datetime
    data: Mapping[str, Any]
    arm: str | None
    about: str | None
    began_by: str | None
    date_at: datetime | None
    date_is_day: bool


class Reader(NamedTuple):
    """What they need of whoever it is for, or about."""

    id: int
    email: str
    first_name: str | None
    last_name: str | None
    language: str | None
    timezone: str | None
    phone: str | None
    address: str | None
    company: str | None
    stage: str
    client_since: datetime | None
    birthday: str | None
    source: str | None
    tags: list[str]
    fields: Mapping[str, Any]
    address_hash: bytes
    caught_up_at: datetime | None


class Unwritten(NamedTuple):
    """A mail to be put into words."""

    mail: Mail
    enrolment: Inside
    reader: Reader


PARTS = (("delivery", Mail._fields), ("enrolment", Inside._fields), ("contact", Reader._fields))
FIRST, SECOND = len(Mail._fields), len(Mail._fields) + len(Inside._fields)
READ = text(
    f"""
    SELECT {", ".join(f"{table}.{name}" for table, names in PARTS for name in names)},
           (SELECT at FROM journey_clock) AS journey_at
    FROM delivery JOIN enrolment ON enrolment.id = delivery.enrolment_id
                  JOIN contact ON contact.id = delivery.contact_id
    WHERE delivery.id = ANY(CAST(:ids AS bigint[])) ORDER BY delivery.id
    """  # noqa: S608 (our own names)
)


def read_letters(session: Session, ids: Collection[int]) -> tuple[list[Unwritten], datetime | None]:
    """The mails with these ids, by id; and journey time where it runs apart from the machine's."""
    rows = read_alone(session, READ, ids=listed(ids))
    letters = [
        Unwritten(Mail._make(row[:FIRST]), Inside._make(row[FIRST:SECOND]), Reader._make(row[SECOND:-1]))
        for row in rows
    ]
    return letters, rows[0][-1] if rows else None
