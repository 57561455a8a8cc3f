"""Cleared mail that waits for its mailbox group: a queue a group, so that a slow group holds up no other.

What waits for all mail together stands in a queue of its own, named "", and goes back into the line of what was just
cleared, as much of it as may leave: so the most urgent comes first, however long another has waited.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BigInteger, DateTime, Text, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from service.domain.pacing_wait import Wait

MOST = 1_000  # groups that are looked at together

# From one group to the next by the index, however many mails wait in each.
WAITING = text(
    """
    WITH RECURSIVE groups AS (
        (SELECT pace_group FROM delivery
         WHERE state = 'cleared' AND pace_group IS NOT NULL AND pace_group > :after ORDER BY pace_group LIMIT 1)
        UNION ALL
        SELECT (SELECT d.pace_group FROM delivery AS d
                WHERE d.state = 'cleared' AND d.pace_group IS NOT NULL AND d.pace_group > groups.pace_group
                ORDER BY d.pace_group LIMIT 1)
        FROM groups WHERE groups.pace_group IS NOT NULL
    ),
    those AS (SELECT pace_group FROM groups WHERE pace_group IS NOT NULL LIMIT :most)
    SELECT pace_group,
           (SELECT count(*) FROM (SELECT FROM delivery AS d WHERE d.state = 'cleared'
              AND d.pace_group = those.pace_group AND d.priority = 0 LIMIT :room) AS a) AS service,
           (SELECT count(*) FROM (SELECT FROM delivery AS d WHERE d.state = 'cleared'
              AND d.pace_group = those.pace_group AND d.priority > 0 LIMIT :room) AS b) AS other
    FROM those ORDER BY pace_group
    """
)
COUNT = text(
    "SELECT pace_group, count(*) FROM delivery WHERE state = 'cleared' AND pace_group IS NOT NULL GROUP BY pace_group"
)
_CALL = """
    WITH ready AS MATERIALIZED (
        SELECT delivery.id FROM delivery {join}
        WHERE delivery.state = 'cleared' AND delivery.pace_group IS NOT NULL AND delivery.pace_group = :group
        ORDER BY {order} LIMIT :count FOR UPDATE OF delivery SKIP LOCKED
    )
    UPDATE delivery SET pace_group = NULL, token = :token,
                        lease_until = clock_timestamp() + make_interval(secs => :lease)
    FROM ready WHERE delivery.id = ready.id RETURNING delivery.priority, delivery.id
"""
CALL = text(_CALL.format(join="", order="priority, delivery.id"))
CALL_ENGAGED = text(
    _CALL.format(
        join="JOIN contact ON contact.id = delivery.contact_id",
        order="priority > 0, contact.engaged_at DESC NULLS LAST, priority, delivery.id",
    )
)
# People are locked first, as by every writer. What only repeats the last word about a mail is not written again: it
# waits by the same rule, for the same group, until the same day.
QUEUE = text(
    """
    WITH waits AS MATERIALIZED (
        SELECT * FROM unnest(:ids, :groups, :reasons, :untils, :inputs) AS w (id, pace_group, reason, until, inputs)
    ),
    people AS MATERIALIZED (
        SELECT contact.id FROM contact JOIN delivery ON delivery.contact_id = contact.id
        WHERE delivery.id = ANY (:ids) ORDER BY contact.id FOR NO KEY UPDATE OF contact
    ),
    queued AS (
        UPDATE delivery SET pace_group = waits.pace_group, rule = 'pacing', reason = waits.reason,
                            token = NULL, lease_until = NULL
        FROM waits, people
        WHERE delivery.id = waits.id AND delivery.contact_id = people.id
          AND delivery.state = 'cleared' AND delivery.token = :token
        RETURNING delivery.id, delivery.contact_id, delivery.staff_to, waits.pace_group, waits.reason, waits.until,
                  waits.inputs
    )
    INSERT INTO decision (at, contact_id, delivery_id, rule, verdict, inputs, until, sentence)
    SELECT :now, contact_id, id, 'pacing', 'held', inputs::jsonb, until, reason
    FROM queued
    WHERE staff_to IS NULL AND NOT EXISTS (
        SELECT FROM (
            SELECT rule, verdict, decision.until, decision.inputs ->> 'group' AS "group" FROM decision
            WHERE decision.contact_id = queued.contact_id AND decision.delivery_id = queued.id
            ORDER BY decision.id DESC LIMIT 1
        ) AS last
        WHERE last.rule = 'pacing' AND last.verdict = 'held'
          AND last."group" = queued.pace_group
          AND (last.until AT TIME ZONE :zone)::date = (queued.until AT TIME ZONE :zone)::date
    )
    ORDER BY id
    """
).bindparams(
    bindparam("ids", type_=ARRAY(BigInteger)),
    bindparam("groups", type_=ARRAY(Text)),
    bindparam("reasons", type_=ARRAY(Text)),
    bindparam("untils", type_=ARRAY(DateTime(timezone=True))),
    bindparam("inputs", type_=ARRAY(Text)),
)
LET_BACK = text(
    """
    UPDATE delivery SET pace_group = NULL WHERE id IN (
        SELECT id FROM delivery WHERE state = 'cleared' AND pace_group IS NOT NULL AND pace_group = ''
        ORDER BY priority, id LIMIT :room FOR UPDATE SKIP LOCKED
    )
    """
)
LET_GO = text(
    """
    UPDATE delivery SET pace_group = NULL WHERE id IN (
        SELECT id FROM delivery WHERE state = 'cleared' AND pace_group IS NOT NULL AND expires_at < :now
        ORDER BY expires_at LIMIT 500 FOR UPDATE SKIP LOCKED
    )
    """
)


@dataclass(frozen=True, slots=True)
class Queue:
    """What waits for one group, counted no further than there is room."""

    group: str
    service: int
    other: int


def read_queues(session: Session, room: int, after: str = "") -> list[Queue]:
    """The groups that mail waits for, by name, behind `after`: never "", which is none."""
    return [Queue(*row) for row in session.execute(WAITING, {"room": room, "after": after, "most": MOST})]


def count_queues(session: Session) -> dict[str, int]:
    """How many mails wait for each group, "" being all mail together."""
    return dict(session.execute(COUNT).all())


def call_up(session: Session, group: str, count: int, token: str, lease: float, *, engaged_first: bool) -> list[int]:
    """Take from a group's queue under a lease of so many seconds: service mail first, then the most urgent, or the
    people who were last seen to read what we write. The most urgent of them first. The caller commits."""
    statement = CALL_ENGAGED if engaged_first else CALL
    rows = session.execute(statement, {"group": group, "count": count, "token": token, "lease": lease})
    return [number for _, number in sorted(map(tuple, rows))]


def queue_up(session: Session, token: str, waiting: Mapping[int, Wait], now: datetime, zone: str) -> None:
    """Put mails that were taken under `token` into their group's queue, by id, and write down why. The caller commits.

    `now` is journey time, `zone` the business's: there a day ends, within which the same is not written again.
    """
    ids = sorted(waiting)
    waits = [waiting[each] for each in ids]
    columns = {
        "groups": [each.group for each in waits],
        "reasons": [each.reason for each in waits],
        "untils": [each.until for each in waits],
        "inputs": [json.dumps(dict(each.inputs)) for each in waits],
    }
    session.execute(QUEUE, {"ids": ids, "token": token, "now": now, "zone": zone, **columns})


def let_back(session: Session, room: int) -> int:
    """Let the most urgent of what waits for all mail together back into the line, so many; how many there were. The
    caller commits."""
    return session.connection().execute(LET_BACK, {"room": room}).rowcount


def let_go_expired(session: Session, now: datetime) -> None:
    """What expired in a queue leaves it, so that it is looked at. `now` is journey time. The caller commits."""
    session.execute(LET_GO, {"now": now})
