"""A town of a million touches, written by set-based statements in seconds; and an eye on what is asked of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus
from sqlalchemy import Engine, text

from service.store.turn import Said, Turns

PEOPLE = 200_000
STEPS = 5  # touches each
BIG = 50_000  # rows, from which on a table is not to be walked
MOST = 40_000  # rows that one statement may look at: a batch of 500 people with all that is known of them

# In this order: the first thousands are the ones with something to do, each kind of it a few hundred times.
DUE_ENROLMENT, DUE, CLEARED, PACED, LAPSED, UNCERTAIN, SILENT = 600, 1_200, 1_500, 1_800, 1_850, 1_900, 2_200

FILL = (
    """
    INSERT INTO contact (id, email, email_key, address_hash, first_name, tags, sunset_at, created_at, updated_at)
    OVERRIDING SYSTEM VALUE
    SELECT n, 'p' || n || '@example.org', 'p' || n || '@example.org', sha256(n::text::bytea), 'Ana', '{seen}',
           CASE WHEN n BETWEEN :uncertain AND :silent THEN now() - interval '60 days' END, now(), now()
    FROM generate_series(1, :people) AS n
    """,
    """
    INSERT INTO consent (contact_id, topic, act, basis, at, source)
    SELECT id, 'Tips and ideas', 'confirmed', 'consent', now() - interval '200 days', 'bench' FROM contact
    """,
    """
    INSERT INTO enrolment (id, contact_id, sequence, trigger_key, state, began_by, entered_at, wake_at, passed,
                           last_done_at, last_mail_at, last_mail_step)
    OVERRIDING SYSTEM VALUE
    SELECT id, id, 'tips', 'once', 'active', 'signup', now() - interval '100 days',
           CASE WHEN id <= :due_enrolment THEN now() - id * interval '1 second'
                WHEN id > :silent THEN now() + id * interval '1 second' END,
           '{one,two,three,four}', now() - interval '10 days', now() - interval '10 days', 'four'
    FROM contact
    """,
    """
    INSERT INTO enrolment (id, contact_id, sequence, trigger_key, state, began_by, entered_at, wake_at)
    OVERRIDING SYSTEM VALUE
    SELECT :people + id, id, 'birthday', '2026', 'awaited', 'date', at, at
    FROM contact, (SELECT now() + interval '200 days' AS at) AS next WHERE id % 4 = 0
    """,
    """
    INSERT INTO delivery (id, enrolment_id, contact_id, step, priority, state, rule, reason, due_at, attempts,
                          message_id, handed_at, handed_machine_at, sent_at, provider, provider_id)
    OVERRIDING SYSTEM VALUE
    SELECT e.id * :steps + nth, e.id, e.contact_id, (ARRAY['one','two','three','four'])[nth], 4,
           CASE WHEN e.id % 97 = 0 THEN 'failed' ELSE 'sent' END, 'sent', 'Sent.', at, 1,
           '<' || e.id || '-' || nth || '@glow.example>', at, at, at, 'sparkpost',
           CASE WHEN nth = 4 THEN 'sp' || e.id END
    FROM enrolment AS e, generate_series(1, 4) AS nth,
         LATERAL (SELECT now() - (120 - nth * 25) * interval '1 day' - e.id * interval '1 second' AS at) AS t
    WHERE e.sequence = 'tips'
    """,
    """
    INSERT INTO delivery (id, enrolment_id, contact_id, step, priority, state, rule, due_at, wake_at, message_id,
                          pace_group, token, lease_until, handed_at, handed_machine_at)
    OVERRIDING SYSTEM VALUE
    SELECT n * :steps + 5, n, n, 'five', 4, state, 'bench', coalesce(wake_at, now() + interval '1 day'),
           CASE WHEN state = 'due' THEN now() - n * interval '1 second'
                WHEN state = 'held' THEN now() + n * interval '1 second' END,
           '<' || n || '-5@glow.example>',
           CASE WHEN n BETWEEN :cleared + 1 AND :paced THEN 'google' END,
           CASE WHEN state = 'handed' THEN 'gone' END,
           CASE WHEN state = 'handed' THEN now() - interval '1 minute' END,
           CASE WHEN state IN ('handed', 'uncertain') THEN now() - interval '2 minutes' END,
           CASE WHEN state IN ('handed', 'uncertain') THEN now() - interval '2 minutes' END
    FROM (SELECT id AS n, wake_at, CASE WHEN id <= :due_enrolment THEN 'planned' WHEN id <= :due THEN 'due'
                 WHEN id <= :paced THEN 'cleared' WHEN id <= :lapsed THEN 'handed'
                 WHEN id <= :uncertain THEN 'uncertain' WHEN id % 10 = 0 THEN 'held' ELSE 'planned' END AS state
          FROM enrolment WHERE sequence = 'tips') AS e
    """,
    """
    INSERT INTO hit (at, journey_at, delivery_id, kind, verdict, rule, ruleset, nonce)
    SELECT at, at, id, 'open', 'human', 'reader', 1, 'n' || id
    FROM (SELECT id, now() - (id % 1000000) * interval '1 second' AS at FROM delivery WHERE state = 'sent') AS sent
    """,
    """
    INSERT INTO decision (at, contact_id, delivery_id, rule, verdict, sentence)
    SELECT now() - (id % 1000000) * interval '1 second', contact_id, id, 'slot', 'cleared', 'It leaves.'
    FROM delivery WHERE id % 2 = 0
    """,
    """
    INSERT INTO event (contact_id, name, at, key, data)
    SELECT id, name, now() - interval '20 days', name || id, '{}'
    FROM contact, unnest(ARRAY['signup', 'visit.completed']) AS name
    """,
    """
    INSERT INTO task (enrolment_id, contact_id, what, assignee, state, opened_at, due_at, wake_at)
    SELECT id, contact_id, 'call', 'desk@glow.example', CASE WHEN id <= 200 THEN 'open' ELSE 'done' END,
           now() - interval '9 days', now() - interval '8 days', now() - interval '7 days'
    FROM enrolment WHERE id <= 60000
    """,
    """
    INSERT INTO suppression (address_hash, reason, source, at)
    SELECT sha256(('gone' || n)::bytea), 'unsubscribed', 'page', now() FROM generate_series(1, 60000) AS n
    """,
    """
    INSERT INTO feedback (provider, account, key, what, bounce, at, journey_at, contact_id, delivery_id, code, words,
                          is_machine)
    SELECT 'sparkpost', '', 'k' || id, what, CASE WHEN what = 'bounced' THEN 'soft' END, now() - interval '9 days',
           now() - interval '9 days', contact_id, id, '', '', false
    FROM (SELECT *, CASE WHEN id % 20 = 0 THEN 'bounced' ELSE 'delivered' END AS what FROM delivery
          WHERE state = 'sent' AND id % 3 = 0) AS sent
    """,
    """
    INSERT INTO notice (at, provider, account, body, items, taken, state)
    SELECT now(), 'sparkpost', '', '[]', 1, 1, 'done' FROM generate_series(1, 60000)
    """,
    """
    INSERT INTO webhook_call (contact_id, message_id, name, body, state)
    SELECT n, 'w' || n, 'crm', '{}', CASE WHEN n <= 100 THEN 'waiting' ELSE 'taken' END
    FROM generate_series(1, 60000) AS n
    """,
)
NUMBERED = ("contact", "enrolment", "delivery")


def fill(engine: Engine) -> None:
    """A million touches of PEOPLE, with what hangs on them, known to the planner."""
    values = {
        "people": PEOPLE,
        "steps": STEPS,
        "due_enrolment": DUE_ENROLMENT,
        "due": DUE,
        "cleared": CLEARED,
        "paced": PACED,
        "lapsed": LAPSED,
        "uncertain": UNCERTAIN,
        "silent": SILENT,
    }
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))  # what refers to what is known
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        for statement in FILL:
            named = text(statement)
            connection.execute(named, {name: values[name] for name in named.compile().params})
        for table in NUMBERED:
            connection.execute(text(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table}"))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("SET statement_timeout = 0"))
        connection.execute(text("VACUUM (ANALYZE)"))
        connection.execute(text("SET statement_timeout = 30000"))


@dataclass
class Eye:
    """Every statement that reads or writes rows, with the plan it ran by, at its first two times."""

    big: frozenset[str]
    seen: dict[str, int] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    doing: str = ""

    def look(self, cursor: psycopg.Cursor[Any], statement: str, parameters: Any) -> None:
        """Run it under EXPLAIN (ANALYZE), take that back, and note where it walked or read too much."""
        kind = statement.split(None, 1)[0].upper()
        if kind not in {"SELECT", "WITH", "INSERT", "UPDATE", "DELETE"} or self.seen.get(statement, 0) > 1:
            return
        self.seen[statement] = self.seen.get(statement, 0) + 1
        cursor.execute("SAVEPOINT eye")
        cursor.execute(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {statement}", parameters)
        row = cursor.fetchone()
        assert row is not None
        plan = row[0][0]["Plan"]
        cursor.execute("ROLLBACK TO SAVEPOINT eye")
        nodes = list(_nodes(plan))
        walked = {each["Relation Name"] for each in nodes if each["Node Type"] == "Seq Scan"} & self.big
        read = sum(_rows_read(each) for each in nodes if each.get("Relation Name") in self.big)
        if walked or read > MOST:
            how = f"walks {', '.join(sorted(walked))}" if walked else f"reads {read:,.0f} rows"
            self.faults.append(f"{self.doing} {how}:\n{statement}\n{_drawn(plan)}")


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for each in plan.get("Plans", ()):
        yield from _nodes(each)


def _rows_read(node: dict[str, Any]) -> float:
    thrown = ("Rows Removed by Filter", "Rows Removed by Index Recheck")
    return (node["Actual Rows"] + sum(node.get(each, 0) for each in thrown)) * node["Actual Loops"]


def _drawn(plan: dict[str, Any], depth: int = 1) -> str:
    what = " ".join(str(plan[each]) for each in ("Node Type", "Relation Name", "Index Name") if each in plan)
    line = f"{'  ' * depth}{what}: {plan['Actual Rows']:g} rows, {plan['Actual Loops']} times"
    return "\n".join([line, *(_drawn(each, depth + 1) for each in plan.get("Plans", ()))])


@contextmanager
def watching(engine: Engine) -> Iterator[Eye]:
    """All that goes to the server is looked at while the context lasts, by SQLAlchemy or in a turn of ours."""
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT relname, reltuples FROM pg_class WHERE relkind = 'r'"))
        eye = Eye(frozenset(name for name, count in rows if count >= BIG))

    execute, many, say = engine.dialect.do_execute, engine.dialect.do_executemany, Turns.say

    def look(cursor: Any, statement: str, parameters: Any, context: Any = None) -> None:
        eye.look(cursor.connection.cursor(), statement, parameters)
        execute(cursor, statement, parameters, context)

    def look_at_first(cursor: Any, statement: str, parameters: Any, context: Any = None) -> None:
        eye.look(cursor.connection.cursor(), statement, parameters[0])
        many(cursor, statement, parameters, context)

    def look_at_each(turns: Turns, statements: Sequence[Said]) -> None:
        was_idle = turns.driver.info.transaction_status == TransactionStatus.IDLE
        for said in statements:
            eye.look(psycopg.RawCursor(turns.driver), said.words.decode(), said.values)
        if was_idle:
            turns.driver.rollback()
        say(turns, statements)

    engine.dialect.do_execute, engine.dialect.do_executemany = look, look_at_first
    Turns.say = look_at_each  # type: ignore[method-assign]
    try:
        yield eye
    finally:
        engine.dialect.do_execute, engine.dialect.do_executemany = execute, many
        Turns.say = say  # type: ignore[method-assign]
