"""Mails on their way, a group at a time: what came of one group, and that the next is about to leave.

Each is one statement over all of a group's rows, written out: nothing is put together or loaded for a single mail.
Contacts are locked before any of it, and only who holds them may change what is read here.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from service import clock
from service.store.bulk import document, listed
from service.store.delivery import State
from service.store.driver import read_together, write_ahead
from service.store.due import LOCK_PEOPLE, LOCK_READERS, Due, Someone, people_of
from service.store.judged import STANDING_NOW, Judged, judged_of


class Leaving(NamedTuple):
    """A mail that has left, or is about to, and what tells when its reader's next touch comes."""

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
    attempts: int
    handed_at: datetime
    timezone: str | None
    address_hash: bytes


@dataclass(slots=True)
class Way:
    """How far somebody is in a sequence, like the row of an enrolment; several mails may belong to it."""

    id: int
    contact_id: int
    sequence: str
    state: str
    entered_at: datetime
    passed: list[str]
    passed_at: datetime | None
    last_done_at: datetime | None
    last_mail_at: datetime | None
    last_mail_step: str | None
    date_at: datetime | None
    date_is_day: bool
    paused_at: datetime | None
    converted_at: datetime | None
    replanned_at: datetime | None
    wake_at: datetime | None
    why: str | None
    version: str  # another one once anything of the row was changed


class Settled(NamedTuple):
    """What becomes of a mail that `was` in another state. `wait` (seconds) only where it is cleared again, and not to
    be taken before."""

    id: int
    was: str
    state: str
    rule: str
    reason: str
    provider_id: str | None = None
    wait: float | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """What a group's outcomes come to: the mails and their readers, how far those are, and the touches to come."""

    settled: list[Settled] = field(default_factory=list)
    readers: set[int] = field(default_factory=set)
    ways: dict[int, Way] = field(default_factory=dict)
    plans: dict[tuple[int, str], Mapping[str, Any]] = field(default_factory=dict)  # by enrolment and step


class Changed(Exception):  # noqa: N818 (what happened)
    """Somebody changed what was known of mails under way, or of their readers: nothing of it may be written."""


@dataclass(frozen=True, slots=True)
class UnderWay:
    """What one run has in hand: the mails whose answer is awaited, those that may leave next, and how far the readers
    of both are, by enrolment. `now` is journey time since they are locked."""

    now: datetime
    answered: list[Leaving] = field(default_factory=list)
    taken: list[Leaving] = field(default_factory=list)
    ways: dict[int, Way] = field(default_factory=dict)

    def dues(self) -> list[Due]:
        """Those that may leave, for a verdict."""
        return [_due(mail, self.ways[mail.enrolment_id]) for mail in sorted(self.taken)]


*WAY, _ = Way.__dataclass_fields__
# Of each row that is written there is another. A change of a contact that a plan hangs on, as of the time zone, wakes
# the enrolments in the same commit, and so is one of theirs.
VERSION = "concat(enrolment.xmin, enrolment.ctid)"
READER = Leaving._fields.index("contact_id")
MAIL = Leaving._fields.index("timezone")  # what stands in its own row; the rest its reader's row tells, once locked
UNDER_WAY = text(
    f"""
    SELECT {", ".join(f"delivery.{name}" for name in Leaving._fields[:MAIL])},
           {", ".join(f"enrolment.{name}" for name in WAY)}, {VERSION},
           (SELECT at FROM journey_clock)
    FROM delivery JOIN enrolment ON enrolment.id = delivery.enrolment_id
    WHERE delivery.id = ANY(CAST(:ids AS bigint[])) AND delivery.token = :token
      AND delivery.state IN ('cleared', 'handed', 'uncertain')
    ORDER BY enrolment.id, delivery.id FOR NO KEY UPDATE OF delivery
    """  # noqa: S608 (our own names)
)
# What it knows of rows may be of a moment ago: of those that somebody has changed since, nothing is written.
RECORD = text(
    f"""
    WITH settled AS (
        UPDATE delivery SET state = known.state, rule = known.rule, reason = known.reason, lease_until = NULL,
            sent_at = CASE WHEN known.state = 'sent' THEN handed_at END,
            provider_id = known.provider_id,
            retry_at = clock_timestamp() + make_interval(secs => known.wait),
            handed_at = CASE WHEN known.state <> 'cleared' THEN handed_at END,
            token = CASE WHEN known.state <> 'cleared' THEN token END
        FROM json_to_recordset(CAST(:settled AS json))
             AS known (id bigint, was text, state text, rule text, reason text, provider_id text, wait double precision)
        WHERE delivery.id = known.id AND delivery.state = known.was AND delivery.token = :token
        RETURNING 1
    ),
    gone_on AS (
        UPDATE enrolment SET passed = known.passed, passed_at = known.passed_at, last_done_at = known.last_done_at,
            last_mail_at = known.last_mail_at, last_mail_step = known.last_mail_step, wake_at = known.wake_at
        FROM json_to_recordset(CAST(:ways AS json))
             AS known (id bigint, passed text[], passed_at timestamptz, last_done_at timestamptz,
                       last_mail_at timestamptz, last_mail_step text, wake_at timestamptz, version text)
        WHERE enrolment.id = known.id AND {VERSION} = known.version
        RETURNING enrolment.id
    ),
    planned AS (
        INSERT INTO delivery (enrolment_id, contact_id, step, occasion, priority, state, due_at, message_id)
        SELECT next.* FROM json_to_recordset(CAST(:plans AS json))
            AS next (enrolment_id bigint, contact_id bigint, step text, occasion smallint, priority smallint,
                     state text, due_at timestamptz, message_id text)
        WHERE enrolment_id IN (SELECT id FROM gone_on)
        ON CONFLICT (enrolment_id, step, occasion) DO UPDATE SET due_at = excluded.due_at, priority = excluded.priority
        WHERE delivery.state = 'planned'
    )
    SELECT (SELECT count(*) FROM gone_on), (SELECT count(*) FROM settled)
    """  # noqa: S608 (our own words)
)
INTEND = text(
    """
    UPDATE delivery SET state = 'handed', rule = 'handed', reason = 'Handed over; the answer is awaited.',
        handed_at = :now, handed_machine_at = clock_timestamp(), attempts = attempts + 1, provider = :provider,
        publication_id = :publication
    WHERE id = ANY(CAST(:ids AS bigint[])) AND token = :token AND state = 'cleared'
    """
)
PROGRESS = ("id", "passed", "passed_at", "last_done_at", "last_mail_at", "last_mail_step", "wake_at", "version")


def lock_under_way(session: Session, answered: Collection[int], taken: Collection[int], token: str) -> UnderWay:
    """Of `answered` the mails that still await what is known of them now, of `taken` those that are still cleared, both
    under this token.

    Their contacts are locked first, in ascending order, which keeps their enrolments as well, then they themselves.
    """
    try:
        return _look_and_lock(session, answered, taken, token)
    except Changed:  # a reader became another person meanwhile, who is locked now
        return _look_and_lock(session, answered, taken, token)


def _look_and_lock(session: Session, answered: Collection[int], taken: Collection[int], token: str) -> UnderWay:
    ids = listed([*answered, *taken])
    locked, rows = read_together(session, (LOCK_READERS, {"ids": ids}), (UNDER_WAY, {"ids": ids, "token": token}))
    return _under_way(rows, people_of(locked), answered, taken)


def record_and_lock(session: Session, record: Record, taken: Mapping[int, int], token: str) -> tuple[UnderWay, Judged]:
    """Lock the readers of the mails before and of those in `taken` (mails to readers), write `record` down, and read of
    `taken` what is still cleared, with what stands for or against those readers: one turn for whoever knows what is to
    be recorded.

    Raises Changed where something isn't as it was known to be; the caller takes all of it back then.
    """
    readers = set(taken.values())
    those = readers | record.readers
    written = [(RECORD, _written(record, token))] if record.settled else []
    locked, *counted, rows, standing = read_together(
        session,
        (LOCK_PEOPLE, {"ids": listed(those)}),
        *written,
        (UNDER_WAY, {"ids": listed(taken), "token": token}),
        (STANDING_NOW, {"ids": listed(readers), "now": clock.machine_now()}),
    )
    if len(locked) != len(those):
        raise Changed("a reader is another person by now, who is not locked")
    if counted and counted[0] != [(len(record.ways), len(record.settled))]:
        raise Changed("what was known of the mails before is not so any more")
    if counted and not rows:
        raise Changed("nothing was read that tells journey time")
    people = people_of(row for row in locked if row[0] in readers)
    return _under_way(rows, people, (), taken), judged_of(people, standing)


def _under_way(
    rows: Sequence[tuple[Any, ...]], people: Mapping[int, Someone], answered: Collection[int], taken: Collection[int]
) -> UnderWay:
    found = UnderWay((rows and rows[0][-1]) or clock.machine_now())
    for row in rows:
        reader = people.get(row[READER])
        if reader is None:
            raise Changed("a reader is another person by now, who is not locked")
        mail = Leaving._make((*row[:MAIL], reader.timezone, reader.address_hash))
        if mail.state != State.CLEARED:
            if mail.id in answered:
                found.answered.append(mail)
        elif mail.id in taken:
            found.taken.append(mail)
        found.ways.setdefault(mail.enrolment_id, Way(*row[MAIL:-1]))
    return found


def _due(mail: Leaving, way: Way) -> Due:
    return Due(
        mail.id,
        mail.contact_id,
        mail.enrolment_id,
        mail.step,
        mail.occasion,
        mail.priority,
        mail.staff_to,
        mail.state,
        mail.due_at,
        mail.expires_at,
        way.sequence,
        way.state,
        way.why,
        way.paused_at,
        way.wake_at,
    )


def write_outcomes(session: Session, record: Record, token: str) -> None:
    """Write down what a group's outcomes come to, in one statement that nobody waits for; the rows are locked. The
    caller commits."""
    write_ahead(session, RECORD, **_written(record, token))


def _written(record: Record, token: str) -> Mapping[str, str]:
    progress = [{name: getattr(way, name) for name in PROGRESS} for way in record.ways.values()]
    return {
        "settled": document([each._asdict() for each in record.settled]),
        "ways": document(progress),
        "plans": document([*record.plans.values()]),
        "token": token,
    }


def write_intent(
    session: Session, ids: Collection[int], token: str, now: datetime, provider: str, publication_id: int
) -> None:
    """These mails are about to leave, at `now` (journey time). Their rows are locked; the caller commits."""
    values = {"ids": listed(ids), "token": token, "now": now, "provider": provider, "publication": publication_id}
    write_ahead(session, INTEND, **values)
