"""What is past its time: people nobody has heard of for long, and rows that are old. Found and let go of by the page.

People's rules, and that of events, go by journey time; what a machine wrote down goes by the machine's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

from service.store.bulk import listed

# No sign of somebody since :RULE. A machine's own word that they are silent is none, and whoever works for them would
# be surprised. A time that is not given (NULL) makes a rule void.
SILENT = """
    created_at < CAST(:{rule} AS timestamptz) AND (engaged_at IS NULL OR engaged_at < :{rule})
    AND NOT EXISTS (SELECT FROM event WHERE contact_id = contact.id AND at >= :{rule} AND name <> 'unengaged')
    AND NOT EXISTS (SELECT FROM consent WHERE contact_id = contact.id AND at >= :{rule})
    AND NOT EXISTS (SELECT FROM task WHERE contact_id = contact.id AND state = 'open')
"""
NEVER_CONFIRMED = """
    created_at < CAST(:unconfirmed AS timestamptz)
    AND EXISTS (SELECT FROM consent WHERE contact_id = contact.id AND act = 'requested')
    AND NOT EXISTS (SELECT FROM consent WHERE contact_id = contact.id AND (act <> 'requested' OR at >= :unconfirmed))
    AND NOT EXISTS (SELECT FROM event WHERE contact_id = contact.id AND name <> 'signup')
"""
PAST = f"""
    SELECT id, CASE
        WHEN stage = 'lead' AND {NEVER_CONFIRMED} THEN 'unconfirmed'
        WHEN stage = 'lead' AND {SILENT.format(rule="leads")} THEN 'leads'
        WHEN stage IN ('lapsed', 'former') AND {SILENT.format(rule="former")} THEN 'former'
    END FROM contact WHERE stage <> 'client' AND id
"""  # noqa: S608 (our own words)
LAST = text("SELECT max(id) FROM (SELECT id FROM contact WHERE id > :after ORDER BY id LIMIT :batch) AS page")
BETWEEN = text(f"{PAST} > :after AND id <= :last ORDER BY id")
THESE = text(f"{PAST} = ANY(CAST(:ids AS bigint[]))")


@dataclass(frozen=True, slots=True)
class Ageing:
    """Rows that go one by one: which of a table, by which of their times, and what is done to them.

    Numbers are given in the order of that time, give or take: a walk ends at a page in which nothing is old.
    """

    table: str
    at: str
    change: str
    which: str = "true"

    def walk(self) -> TextClause:
        """A page behind :after; rows that somebody holds are passed by."""
        return text(
            f"""
            WITH page AS MATERIALIZED (
                SELECT id, {self.at} AS at FROM {self.table} WHERE id > :after ORDER BY id LIMIT :batch
            ),
            free AS MATERIALIZED (
                SELECT id FROM {self.table} WHERE id = ANY (ARRAY (SELECT id FROM page WHERE at < :before))
                AND {self.which} FOR UPDATE SKIP LOCKED
            ),
            gone AS ({self.change} WHERE id = ANY (ARRAY (SELECT id FROM free)) RETURNING id)
            SELECT max(id), min(at), (SELECT count(*) FROM gone) FROM page
            """  # noqa: S608 (our own words)
        )

    def count(self) -> TextClause:
        return text(f"SELECT count(*) FROM {self.table} WHERE {self.at} < :before AND {self.which}")  # noqa: S608


# What something under way is about is still asked for.
EVENTS = Ageing(
    "event",
    "at",
    "DELETE FROM event",
    """NOT EXISTS (SELECT FROM enrolment WHERE enrolment.contact_id = event.contact_id
                   AND enrolment.about = event.about AND enrolment.state IN ('active', 'awaited'))""",
)
NETWORKS = Ageing(
    "consent",
    "recorded_at",
    "UPDATE consent SET address = NULL, user_agent = NULL",
    "(address IS NOT NULL OR user_agent IS NOT NULL)",
)
CALLS = Ageing("webhook_call", "created_at", "DELETE FROM webhook_call", "state <> 'waiting'")

Cuts = Mapping[str, datetime | None]  # by rule: what is older goes; None keeps all


def read_past(session: Session, cuts: Cuts, after: int, batch: int) -> tuple[int | None, list[tuple[int, str]]]:
    """Who is past their time among the next contacts behind number `after`, each with the rule; and the last number
    that was looked at, None at the end."""
    connection = session.connection()
    last = connection.scalar(LAST, {"after": after, "batch": batch})
    if last is None:
        return None, []
    rows = connection.execute(BETWEEN, {**cuts, "after": after, "last": last})
    return last, [(contact_id, rule) for contact_id, rule in rows if rule is not None]


def which_rule(session: Session, cuts: Cuts, contact_id: int) -> str | None:
    """The rule by which somebody is past their time now, None where they are not."""
    row = session.connection().execute(THESE, {**cuts, "ids": listed([contact_id])}).one_or_none()
    return row[1] if row else None


def let_rows_go(session: Session, ageing: Ageing, before: datetime, after: int, batch: int) -> tuple[int | None, int]:
    """The next page of a walk: its last number, None where the walk ends, and how many rows it changed."""
    values = {"before": before, "after": after, "batch": batch}
    last, oldest, gone = session.connection().execute(ageing.walk(), values).one()
    return (last if last is not None and oldest < before else None), gone


def count_past(session: Session, cuts: Cuts, batch: int) -> dict[str, int]:
    """How many people are past their time, by rule."""
    counts: dict[str, int] = {}
    after: int | None = 0
    while after is not None:
        after, found = read_past(session, cuts, after, batch)
        for _, rule in found:
            counts[rule] = counts.get(rule, 0) + 1
    return counts


def count_rows(session: Session, ageing: Ageing, before: datetime) -> int:
    """How many rows would go."""
    return int(session.connection().scalar(ageing.count(), {"before": before}) or 0)
