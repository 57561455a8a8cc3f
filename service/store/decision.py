"""Why a mail left, waits or won't leave: every decision about one, with the rule and the few numbers it was made by.

Only ever appended to, a month to a part, and let go of by the part. A decision that repeats a delivery's last one is
not written again, so that a mail which is held for a month, and looked at each day, leaves one line.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypedDict

from sqlalchemy import BigInteger, Identity, PrimaryKeyConstraint, select, text
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Mapped, Session, mapped_column

from service.store.bulk import among, document, fetch
from service.store.driver import write
from service.store.tables import Instant, Json, Table

ALIKE = timedelta(minutes=1)  # what is reckoned anew may end a moment beside where it ended before


class Decision(Table):
    """One verdict on one delivery, at an instant of journey time. `until` only where it is held."""

    __tablename__ = "decision"
    __table_args__ = (
        PrimaryKeyConstraint("contact_id", "delivery_id", "id", "at"),
        {"postgresql_partition_by": "RANGE (at)"},
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity())
    at: Mapped[Instant]
    # Both without a foreign key: dropping a month would lock everybody's contacts. `erase` lets go of a person's.
    contact_id: Mapped[int]
    delivery_id: Mapped[int]
    rule: Mapped[str]
    verdict: Mapped[str]  # cleared, held, expired
    inputs: Mapped[Json] = mapped_column(server_default=text("'{}'"))
    until: Mapped[Instant | None]
    sentence: Mapped[str]


class Decided(TypedDict):
    """A decision to be written down; `is_told` False where it is none of the person's, or is known already."""

    delivery_id: int
    contact_id: int
    rule: str
    verdict: str
    inputs: Mapping[str, Any]
    until: datetime | None
    sentence: str
    is_told: bool


# `inputs` pass as they are written, and become jsonb as a row is appended: in half the time of becoming it on the way.
WRITE = text(
    """
    WITH decided AS (
        SELECT * FROM json_to_recordset(CAST(:decided AS json)) AS given (
            delivery_id bigint, contact_id bigint, rule text, verdict text, inputs json, until timestamptz,
            sentence text, is_told boolean)
    ), settled AS (
        UPDATE delivery SET state = decided.verdict, rule = decided.rule, reason = decided.sentence,
                            wake_at = decided.until, token = NULL, lease_until = NULL, pace_group = NULL
        FROM decided WHERE delivery.id = decided.delivery_id AND decided.verdict IN ('cleared', 'held')
                       AND delivery.state = ANY(CAST(:states AS text[]))
    )
    INSERT INTO decision (at, contact_id, delivery_id, rule, verdict, inputs, until, sentence)
    SELECT :now, contact_id, delivery_id, rule, verdict, inputs, until, sentence FROM decided WHERE is_told
    """
)


def write_decisions(
    session: Session, decided: Sequence[Decided], again: Collection[int], now: datetime, states: Sequence[str]
) -> None:
    """Settle the deliveries that are in one of these states, and append each decision that differs from the last about
    its delivery, all in one statement. What is cleared or held becomes so, nobody has it in hand and nothing paces it;
    what expires is brought to its end apart from this. The caller commits.

    `again`: the deliveries that may have been decided about before. Their contacts are locked.
    """
    if not decided:
        return
    known = [each for each in decided if each["is_told"] and each["delivery_id"] in again] if again else []
    last = _read_last(session, known)
    for each in known:
        each["is_told"] = not _repeats(each, last)
    write(session, WRITE, decided=document(decided), states=[*states], now=now)


def add_decisions(session: Session, decided: Sequence[Decided], now: datetime) -> None:
    """Append decisions whose deliveries are settled by whoever tells of them, and none of which repeats itself. The
    caller commits."""
    told = [each for each in decided if each["is_told"]]
    if told:
        write(session, WRITE, decided=document(told), states=[], now=now)


def last_said(session: Session, rule: str, mails: Collection[tuple[int, int]]) -> dict[int, str]:
    """The last sentence that this rule said of each delivery; `mails` are ids of contacts and their deliveries."""
    mine = among(Decision.contact_id, {contact_id for contact_id, _ in mails})
    these = among(Decision.delivery_id, [delivery_id for _, delivery_id in mails])
    each = (Decision.contact_id, Decision.delivery_id)
    query = select(Decision.delivery_id, Decision.sentence).where(mine, these, Decision.rule == rule)
    return dict(fetch(session, query.ext(distinct_on(*each)).order_by(*each, Decision.id.desc())))


Last = tuple[str, str, datetime | None]  # rule, verdict, until


def _read_last(session: Session, decided: Sequence[Decided]) -> dict[int, Last]:
    """The last decision about each delivery."""
    if not decided:
        return {}
    mine = among(Decision.contact_id, {each["contact_id"] for each in decided})
    these = among(Decision.delivery_id, [each["delivery_id"] for each in decided])
    columns = (Decision.delivery_id, Decision.rule, Decision.verdict, Decision.until)
    each = (Decision.contact_id, Decision.delivery_id)
    query = select(*columns).where(mine, these).ext(distinct_on(*each)).order_by(*each, Decision.id.desc())
    return {delivery_id: (rule, verdict, until) for delivery_id, rule, verdict, until in fetch(session, query)}


def _repeats(new: Decided, known: Mapping[int, Last]) -> bool:
    last, until = known.get(new["delivery_id"]), new["until"]
    if last is None or last[:2] != (new["rule"], new["verdict"]):
        return False
    if last[2] is None or until is None:
        return last[2] is until
    return abs(until - last[2]) < ALIKE
