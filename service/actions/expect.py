"""Keep in view when a person will enter sequences by themselves: a birthday, the expected visit, a quiet time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from service.actions.enrol import COLUMNS, draft_of, last_entered, set_date
from service.domain.entry import Occasion, why_not_enter
from service.domain.facts import Facts
from service.domain.occurrence import ASK_AGAIN, Entered, awaits, silenced
from service.domain.occurrence import awaited as next_awaited
from service.domain.sequence.model.sequence import Sequence, Status
from service.ports import Published
from service.store.contact import Contact
from service.store.enrolment import Draft, Enrolment
from service.store.history import Past, facts_of, read_pasts
from service.store.letter import Reader


def expect_dates(
    session: Session, published: Published, contact: Contact, now: datetime, *, newcomer: bool = False
) -> None:
    """After a person's fields changed: the next occurrence of every date. The contact is locked; the caller commits.

    For a `newcomer`, made in this very transaction, nothing can be awaited yet.
    """
    expect(session, published, contact, begun_by(published, "date"), now, newcomer=newcomer)


def expect_visits(session: Session, published: Published, contact: Contact, event: str, now: datetime) -> None:
    """After an event: what its rhythm and its quiet time expect now. The contact is locked; the caller commits."""
    by_event = [*begun_by(published, "rhythm", event), *begun_by(published, "quiet", event)]
    expect(session, published, contact, by_event, now)


def begun_by(published: Published, on: str, name: str = "") -> list[Sequence]:
    """The sequences that have such a trigger."""
    return [
        sequence
        for sequence in published.library.sequences
        if any(trigger.on == on and trigger.name == name for trigger in sequence.enrol.on)
    ]


def expect(
    session: Session,
    published: Published,
    contact: Contact,
    sequences: Iterable[Sequence],
    now: datetime,
    *,
    newcomer: bool = False,
) -> None:
    """One awaited enrolment for each sequence that the person will enter by themselves: made, moved or taken away."""
    wanted = [sequence for sequence in sequences if sequence.status is Status.LIVE and awaits(sequence)]
    if not wanted:
        return
    known = defaultdict(list) if newcomer else _known(session, contact, [sequence.key for sequence in wanted])
    asks = any(map(asks_the_past, wanted))
    past = read_pasts(session, [contact.id])[contact.id] if asks else Past()
    for sequence in wanted:
        draft = draft_of(published, contact, sequence, Occasion("date", "", ""), now)
        facts = facts_of(published.library.business, contact, draft, past, now)
        _expect_one(session, published, contact, sequence, facts, known[sequence.key])


def asks_the_past(sequence: Sequence) -> bool:
    """Whether what happened to people says when they enter."""
    return any(trigger.on != "date" for trigger in sequence.enrol.on)


def _known(session: Session, contact: Contact, keys: list[str]) -> dict[str, list[Enrolment]]:
    known: dict[str, list[Enrolment]] = defaultdict(list)
    query = select(Enrolment).where(Enrolment.contact_id == contact.id, Enrolment.sequence.in_(keys))
    for row in session.scalars(query.order_by(Enrolment.id).with_for_update()):
        known[row.sequence].append(row)
    return known


def _expect_one(
    session: Session,
    published: Published,
    contact: Contact,
    sequence: Sequence,
    facts: Facts,
    known: list[Enrolment],
) -> None:
    awaited = next((row for row in known if row.state == "awaited"), None)
    entered = [Entered(row.trigger_key, row.began_by, row.date_at) for row in known if row is not awaited]
    draft = draft_awaited(published, contact, sequence, facts, entered)
    if draft is None:
        if awaited is not None:
            session.delete(awaited)
            session.flush()
        return
    values = {name: getattr(draft, name) for name in COLUMNS}
    if awaited is None:
        session.execute(insert(Enrolment).values(values).on_conflict_do_nothing())
        return
    for name, value in values.items():
        setattr(awaited, name, value)


def draft_awaited(
    published: Published, contact: Contact | Reader, sequence: Sequence, facts: Facts, entered: Collection[Entered]
) -> Draft | None:
    """The awaited enrolment that a person should have, not stored; None where it is not known when they will enter."""
    occurrence = next_awaited(sequence, facts, entered)
    if occurrence is None:
        return None
    enters_at = max(occurrence.enters_at, facts.now)
    draft = draft_of(published, contact, sequence, occurrence.occasion, enters_at)
    draft.state, draft.wake_at = "awaited", enters_at
    set_date(draft, occurrence.date)
    return draft


def enter(
    session: Session, published: Published, contact: Contact, enrolment: Enrolment, sequence: Sequence, facts: Facts
) -> bool:
    """The time of an awaited enrolment has come: whether the person enters now. The next one is awaited as well."""
    now = facts.now
    if silenced(enrolment.began_by, enrolment.trigger_key, facts):
        enrolment.wake_at, enrolment.why = now + ASK_AGAIN, "Waits: an appointment is booked."
        return False
    last = last_entered(session, contact.id, sequence.key)
    reason = why_not_enter(sequence, facts, last, now)
    if reason is None:
        # As of its time, not of the worker's: a step that is due with it would else have been due before.
        enrolment.state, enrolment.entered_at, enrolment.why = "active", enrolment.wake_at or now, None
    else:
        enrolment.state, enrolment.ended_at, enrolment.wake_at, enrolment.why = "declined", now, None, reason
    session.flush()
    expect(session, published, contact, [sequence], now)
    return reason is None
