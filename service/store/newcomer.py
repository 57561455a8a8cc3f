"""All that is stored of people whom nobody knew yet, for many of them in one statement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from service.store.bulk import document

Row = Mapping[str, Any]


@dataclass(slots=True)
class Newcomers:
    """The rows to be written, by column.

    Ids are provisional and count from 0: `id` of contacts, consents and enrolments, the `contact_id` and `enrolment_id`
    that refer to them. The database gives the real ones; what is one person's own stays in its order. `address_hash`
    stands as PostgreSQL reads it: `\\x`, hexadecimal.
    """

    contacts: list[Row] = field(default_factory=list)
    consents: list[Row] = field(default_factory=list)
    events: list[Row] = field(default_factory=list)
    enrolments: list[Row] = field(default_factory=list)
    deliveries: list[Row] = field(default_factory=list)


# Contacts are made in the order of their keys, so that two of these statements never wait for each other in a ring.
# Nobody else can see a contact that this statement makes, so what it writes of them meets nothing but itself.
STORE = text("""
WITH person AS (
    SELECT * FROM json_populate_recordset(NULL::contact, :contacts)
), made AS (
    INSERT INTO contact (email, email_key, address_hash, first_name, last_name, phone, address, company, language,
                         timezone, birthday, source, fields, created_at, updated_at)
    SELECT email, email_key, address_hash, first_name, last_name, phone, address, company, language,
           timezone, birthday, source, fields, created_at, updated_at
    FROM person ORDER BY email_key
    ON CONFLICT (email_key) DO NOTHING
    RETURNING id, email_key
), who AS (
    SELECT person.id AS given, made.id FROM made JOIN person USING (email_key)
), agreed AS (
    INSERT INTO consent (contact_id, topic, act, basis, channel, at, expires_at, source, form, address, user_agent,
                         page, wording, version)
    SELECT who.id, topic, act, basis, channel, at, expires_at, source, form, address, user_agent, page, wording, version
    FROM json_populate_recordset(NULL::consent, :consents) AS given JOIN who ON who.given = given.contact_id
    ORDER BY given.id
), told AS (
    INSERT INTO event (contact_id, name, at, data)
    SELECT who.id, name, at, data
    FROM json_populate_recordset(NULL::event, :events) AS given JOIN who ON who.given = given.contact_id
    ORDER BY who.id
), entering AS (
    SELECT given.*, who.id AS real FROM json_populate_recordset(NULL::enrolment, :enrolments) AS given
    JOIN who ON who.given = given.contact_id
), begun AS (
    INSERT INTO enrolment (contact_id, sequence, trigger_key, state, began_by, about, entered_at, wake_at,
                           date_at, date_is_day, arm, data)
    SELECT real, sequence, trigger_key, state, began_by, about, entered_at, wake_at, date_at, date_is_day, arm, data
    FROM entering ORDER BY id
    ON CONFLICT DO NOTHING
    RETURNING id, contact_id, sequence, trigger_key, state
), planned AS (
    INSERT INTO delivery (enrolment_id, contact_id, step, occasion, priority, state, due_at, message_id)
    SELECT begun.id, begun.contact_id, step, occasion, priority, given.state, due_at, message_id
    FROM json_populate_recordset(NULL::delivery, :deliveries) AS given
    JOIN entering ON entering.id = given.enrolment_id
    JOIN begun ON begun.contact_id = real AND begun.sequence = entering.sequence
              AND begun.trigger_key = entering.trigger_key
    ORDER BY begun.id
)
SELECT who.given, who.id, array_agg(begun.id ORDER BY begun.id) FILTER (WHERE begun.state = 'active')
FROM who LEFT JOIN begun ON begun.contact_id = who.id
GROUP BY who.given, who.id
""")


def store_newcomers(session: Session, newcomers: Newcomers) -> dict[int, tuple[int, tuple[int, ...]]]:
    """Write them. The ids of each contact and of its active enrolments, by provisional id. The caller commits.

    Whoever is there already is left out with all their rows, and stands not in the answer. No two contacts may have
    one `email_key`.
    """
    documents = {
        "contacts": newcomers.contacts,
        "consents": newcomers.consents,
        "events": newcomers.events,
        "enrolments": newcomers.enrolments,
        "deliveries": newcomers.deliveries,
    }
    written = {name: document(rows) for name, rows in documents.items()}
    return {given: (id_, tuple(begun or ())) for given, id_, begun in session.connection().execute(STORE, written)}
