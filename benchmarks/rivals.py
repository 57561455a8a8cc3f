"""People with several mails due at once, written by bulk statements in seconds: what arbitration is measured on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from secrets import token_hex

from sqlalchemy import text
from sqlalchemy.orm import Session

PEOPLE = text("""
INSERT INTO contact (email, email_key, address_hash, first_name, source, created_at, updated_at,
                     pressure, pressure_at)
SELECT name, name, sha256(name::bytea), 'Ana', 'bench', :now, :now, n % 4, CAST(:now AS timestamptz) - interval '1 day'
FROM (SELECT n, 'rival-' || :batch || '-' || n || '@example.org' AS name FROM generate_series(1, :count) AS n) AS named
""")
CONSENTS = text("""
INSERT INTO consent (contact_id, topic, act, basis, at, source)
SELECT id, :topic, 'confirmed', 'consent', CAST(:now AS timestamptz) - interval '90 days', 'bench'
FROM contact WHERE email LIKE 'rival-' || :batch || '-%'
""")
VISITS = text("""
INSERT INTO event (contact_id, name, at)
SELECT id, 'visit.completed', CAST(:now AS timestamptz) - interval '40 days'
FROM contact WHERE email LIKE 'rival-' || :batch || '-%'
""")
ENROLMENTS = text("""
INSERT INTO enrolment (contact_id, sequence, trigger_key, state, began_by, entered_at)
SELECT id, key, 'once', 'active', 'manual', CAST(:now AS timestamptz) - interval '60 days'
FROM contact, unnest(CAST(:sequences AS text[])) AS key WHERE email LIKE 'rival-' || :batch || '-%'
""")
# Four mails of the last month, the newest older than any gap; then one that is due in each sequence.
MAILS = text("""
INSERT INTO delivery (enrolment_id, contact_id, step, occasion, priority, state, rule, reason, due_at, wake_at,
                      expires_at, message_id, handed_at, sent_at)
SELECT min(e.id), e.contact_id, :step, n, 4, 'sent', 'sent', 'Sent.', at, NULL, NULL,
       '<' || e.contact_id || '-' || n || '>', at, at
FROM enrolment AS e JOIN contact AS c ON c.id = e.contact_id, generate_series(1, 4) AS n,
     LATERAL (SELECT CAST(:now AS timestamptz) - n * interval '6 days' AS at) AS earlier
WHERE c.email LIKE 'rival-' || :batch || '-%' GROUP BY e.contact_id, n, at
UNION ALL
SELECT e.id, e.contact_id, :step, 0, p.priority, 'due', 'due', 'Due: waits for a slot.', :now, :now,
       CAST(:now AS timestamptz) + interval '3 days', '<' || e.id || '>', NULL, NULL
FROM enrolment AS e JOIN contact AS c ON c.id = e.contact_id
     JOIN unnest(CAST(:sequences AS text[]), CAST(:priorities AS int[])) AS p (sequence, priority) USING (sequence)
WHERE c.email LIKE 'rival-' || :batch || '-%'
""")


def gather_rivals(session: Session, count: int, classes: Sequence[tuple[str, int]], topic: str, now: datetime) -> None:
    """So many new people, each with a mail due at `now` in each sequence, whose class is given. The caller commits."""
    values = {
        "count": count,
        "batch": token_hex(4),
        "topic": topic,
        "now": now,
        "step": "hello",
        "sequences": [key for key, _ in classes],
        "priorities": [priority for _, priority in classes],
    }
    for statement in (PEOPLE, CONSENTS, VISITS, ENROLMENTS, MAILS):
        session.execute(statement, values)
    for table in ("contact", "consent", "event", "enrolment", "delivery", "decision"):
        session.execute(text(f"ANALYZE {table}"))
