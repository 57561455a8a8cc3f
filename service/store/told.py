"""Events that change nothing but what is known, kept many in one statement."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from service.store.bulk import document, listed


class Person(NamedTuple):
    """What it takes to understand what is told of somebody."""

    id: int
    timezone: str | None
    stage: str


LOCK = text("""
SELECT id, timezone, stage FROM contact
WHERE id = ANY(CAST(:ids AS bigint[])) ORDER BY id FOR NO KEY UPDATE
""")

# Ids are given in the order of the rows, so that what was told first counts as the earlier one. The enrolments of
# whoever something new is known about are looked at again; who waits to be looked at already is not written anew. (Who
# looks at them holds their contacts' locks, as we do: they have not begun, or are done and it is seen here.)
KEEP = text("""
WITH told AS MATERIALIZED (
    SELECT nextval(pg_get_serial_sequence('event', 'id')) AS real, given.*
    FROM json_populate_recordset(NULL::event, :events) AS given
), kept AS (
    INSERT INTO event (id, contact_id, name, at, key, data, value, currency)
    SELECT real, contact_id, name, at, key, data, value, currency FROM told ORDER BY real
    ON CONFLICT DO NOTHING
    RETURNING id, contact_id
), woken AS (
    UPDATE enrolment SET wake_at = :wake_at
    WHERE state = 'active' AND contact_id IN (SELECT contact_id FROM kept) AND (wake_at IS NULL OR wake_at > :wake_at)
)
SELECT told.id, kept.id FROM told JOIN kept ON kept.id = told.real
""")


DEALT = text("""
UPDATE contact SET dealt_at = greatest(dealt_at, known.at)
FROM (SELECT id, max(at) AS at FROM json_to_recordset(CAST(:deals AS json)) AS deal (id bigint, at timestamptz)
      GROUP BY id) AS known
WHERE contact.id = known.id
""")


def lock_people(session: Session, ids: Collection[int]) -> dict[int, Person]:
    """Contacts by id, locked in ascending order as `lock_contacts` does; who is not there is left out."""
    rows = session.connection().execute(LOCK, {"ids": listed(ids)})
    return {row[0]: Person._make(row) for row in rows}


def keep_events(session: Session, rows: Sequence[Mapping[str, Any]], wake_at: datetime) -> list[int | None]:
    """The id of each event, by column in `rows`; None where its name and key are there already. The caller commits."""
    numbered = [row | {"id": number} for number, row in enumerate(map(dict, rows))]
    values = {"events": document(numbered), "wake_at": wake_at}
    ids: dict[int, int] = dict(session.connection().execute(KEEP, values).all())
    return [ids.get(number) for number in range(len(rows))]


def note_deals(session: Session, deals: Collection[tuple[int, datetime]]) -> None:
    """Note when locked contacts were here or bought something: (contact's id, when) each. The caller commits."""
    if deals:
        session.connection().execute(DEALT, {"deals": document([{"id": who, "at": at} for who, at in deals])})
