"""A crowd for an installation: people in the middle of a sequence, written by bulk statements in seconds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from secrets import token_hex

from sqlalchemy import text
from sqlalchemy.orm import Session

PEOPLE = text("""
INSERT INTO contact (email, email_key, address_hash, first_name, source, created_at, updated_at)
SELECT name, name, sha256(name::bytea), 'Ana', 'bench', :now, :now
FROM (SELECT 'reader-' || :batch || '-' || n || '@example.org' AS name FROM generate_series(1, :count) AS n) AS named
""")
CONSENTS = text("""
INSERT INTO consent (contact_id, topic, act, basis, at, source)
SELECT id, :topic, 'confirmed', 'consent', :now, 'bench' FROM contact WHERE email LIKE 'reader-' || :batch || '-%'
""")
EVENTS = text("""
INSERT INTO event (contact_id, name, at, data)
SELECT id, 'signup', :now, '{"form": "bench"}' FROM contact WHERE email LIKE 'reader-' || :batch || '-%'
""")
# Who is not inside yet entered at some minute of the last days, has had the first step, and waits for the second.
ENROLMENTS = text("""
INSERT INTO enrolment (contact_id, sequence, trigger_key, state, began_by, entered_at, wake_at, passed,
                       last_done_at, last_mail_at, last_mail_step)
SELECT id, :sequence, 'once', 'active', 'manual', at, at + :delay * interval '1 day', ARRAY[:first], at, at, :first
FROM (SELECT id, CAST(:now AS timestamptz) - (id % :spread) * interval '1 minute' AS at
      FROM contact WHERE NOT EXISTS (SELECT FROM enrolment WHERE contact_id = contact.id AND sequence = :sequence)) AS w
""")
SENT = text("""
INSERT INTO delivery (enrolment_id, contact_id, step, priority, state, rule, reason, due_at, attempts, message_id,
                      handed_at, sent_at, provider)
SELECT id, contact_id, :first, 0, 'sent', 'sent', 'Sent.', entered_at, 1, '<bench-' || id || '-1@glow.example>',
       entered_at, entered_at, 'bench'
FROM enrolment
WHERE sequence = :sequence AND NOT EXISTS (SELECT FROM delivery WHERE enrolment_id = enrolment.id)
""")
PLANNED = text("""
INSERT INTO delivery (enrolment_id, contact_id, step, priority, state, due_at, message_id)
SELECT id, contact_id, :second, 4, 'planned', wake_at, '<bench-' || id || '-2@glow.example>'
FROM enrolment
WHERE sequence = :sequence AND NOT EXISTS (SELECT FROM delivery WHERE enrolment_id = enrolment.id AND step = :second)
""")

# Who has no mail of it yet gets one that is due since a moment ago, each its own enrolment.
ENTERED = text("""
INSERT INTO enrolment (contact_id, sequence, trigger_key, state, began_by, entered_at)
SELECT id, :sequence, :batch, 'active', 'manual', :now
FROM contact WHERE source = 'bench' ORDER BY id LIMIT :count
""")
DUE = text("""
INSERT INTO delivery (enrolment_id, contact_id, step, priority, state, rule, due_at, wake_at, message_id)
SELECT id, contact_id, :step, 0, 'due', 'bench', :now, :now, '<backlog-' || id || '@glow.example>'
FROM enrolment WHERE sequence = :sequence AND trigger_key = :batch ORDER BY id
""")
THERE = text("SELECT count(*) FROM contact WHERE source = 'bench'")


@dataclass(frozen=True, slots=True)
class Place:
    """Where everybody is: they have had the first of `steps` and wait for the second, `delay` days after entering,
    which was within the last `spread` minutes."""

    sequence: str
    steps: tuple[str, str]
    topic: str
    delay: int
    spread: int


def gather(session: Session, count: int, place: Place, now: datetime) -> None:
    """So many new people, and all who are there already, in the middle of a sequence. The caller commits."""
    values = {"count": count, "batch": token_hex(4), "topic": place.topic, "now": now, "sequence": place.sequence}
    more = {"first": place.steps[0], "second": place.steps[1], "delay": place.delay, "spread": place.spread}
    people = (PEOPLE, CONSENTS, EVENTS) if count else ()
    session.execute(text("SET LOCAL statement_timeout = 0"))  # a million take their time
    for statement in (*people, ENROLMENTS, SENT, PLANNED):
        session.execute(statement, values | more)
    for table in ("contact", "consent", "event", "enrolment", "delivery"):
        session.execute(text(f"ANALYZE {table}"))


def gather_due(session: Session, count: int, sequence: str, step: str, topic: str, now: datetime) -> None:
    """A mail that is due now for each of so many people; those who are missing are made. The caller commits."""
    values = {"batch": token_hex(4), "now": now, "sequence": sequence, "step": step}
    session.execute(text("SET LOCAL statement_timeout = 0"))
    missing = count - (session.scalar(THERE) or 0)
    if missing > 0:
        for statement in (PEOPLE, CONSENTS):
            session.execute(statement, values | {"count": missing, "topic": topic})
    session.execute(ENTERED, values | {"count": count})
    session.execute(DUE, values)
