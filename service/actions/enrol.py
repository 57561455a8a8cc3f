"""Let a person into sequences: by a trigger that happened, or by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from service.actions.proceed import plan_next, write_plans
from service.domain.schedule import add
from service.domain.sequence.expression import ExpressionError
from service.domain.sequence.model import Again, Sequence, Status
from service.ports import Published
from service.store.contact import Contact
from service.store.enrolment import Enrolment
from service.store.history import Past, facts_of, read_pasts, zone_of

ONCE = "once"  # the trigger key of a sequence that a person enters at most once


@dataclass(frozen=True, slots=True)
class Occasion:
    """Something that may begin sequences: `on` and `name` as in `enrol.on` (`event visit.completed`).

    `key` makes the enrolment unique among others of the same sequence; `data` is kept with it: `event`, `form`.
    """

    on: str
    name: str
    key: str
    data: Mapping[str, Any] = field(default_factory=dict)


def enrol_by(
    session: Session, published: Published, contact: Contact, occasion: Occasion, now: datetime
) -> list[Enrolment]:
    """Every enrolment that an occasion begins. The contact is locked already; the caller commits."""
    begun = []
    for sequence in published.library.sequences:
        if _answers(sequence, occasion):
            enrolment = enrol(session, published, contact, sequence, occasion, now)
            if enrolment is not None:
                begun.append(enrolment)
    return begun


def _answers(sequence: Sequence, occasion: Occasion) -> bool:
    for trigger in sequence.enrol.on:
        if trigger.on != occasion.on:
            continue
        if trigger.on == "signup":
            return sequence.enrol.form in {None, occasion.name}
        if trigger.name == occasion.name:
            return True
    return False


def enrol(
    session: Session, published: Published, contact: Contact, sequence: Sequence, occasion: Occasion, now: datetime
) -> Enrolment | None:
    """One enrolment with its first touch planned; None where the sequence does not let the person in.

    It must be live, its `when` must hold, and `again` must allow another time.
    """
    if sequence.status is not Status.LIVE:
        return None
    key = _trigger_key(session, published, contact, sequence, occasion, now)
    if key is None:
        return None
    draft = Enrolment(
        contact_id=contact.id,
        sequence=sequence.key,
        trigger_key=key,
        state="active",
        entered_at=now,
        passed=[],
        data=dict(occasion.data),
    )
    if not _may_enter(session, published, contact, sequence, draft, now):
        return None
    # Planned before it is stored, so that the row is written once, with the time at which it wakes.
    first = plan_next(published, draft, zone_of(contact, published.library.business), now)
    columns = ("contact_id", "sequence", "trigger_key", "state", "entered_at", "wake_at", "data")
    row = session.scalar(
        insert(Enrolment)
        .values({name: getattr(draft, name) for name in columns})
        .on_conflict_do_nothing()
        .returning(Enrolment)
    )
    if row is not None and first is not None:
        write_plans(session, [first | {"enrolment_id": row.id}])
    return row


def _trigger_key(
    session: Session, published: Published, contact: Contact, sequence: Sequence, occasion: Occasion, now: datetime
) -> str | None:
    again = sequence.enrol.again
    if again is Again.NEVER:
        return ONCE
    if again is Again.AFTER and sequence.enrol.again_after is not None:
        last = session.scalar(
            select(Enrolment.entered_at)
            .where(Enrolment.contact_id == contact.id, Enrolment.sequence == sequence.key)
            .order_by(Enrolment.entered_at.desc())
            .limit(1)
        )
        zone = zone_of(contact, published.library.business)
        if last is not None and now < add(last, sequence.enrol.again_after, zone):
            return None
    return occasion.key


def _may_enter(
    session: Session, published: Published, contact: Contact, sequence: Sequence, draft: Enrolment, now: datetime
) -> bool:
    if sequence.enrol.when is None:
        return True
    condition = sequence.enrol.when.source
    # Only a function asks about the past; a signup that asks none is spared four queries.
    past = read_pasts(session, [contact.id])[contact.id] if "(" in condition else Past()
    facts = facts_of(published.library.business, contact, draft, past, now)
    try:
        return facts.holds(condition)
    except ExpressionError:
        return False  # deny first: whoever can't be asked about does not enter
