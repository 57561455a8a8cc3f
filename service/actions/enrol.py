"""Let a person into sequences: by a trigger that happened, or by hand."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from service.actions.proceed import plan_next, write_plans
from service.domain.arm import draw_arm
from service.domain.entry import Occasion, answers, trigger_key, why_not_enter
from service.domain.moment import Moment, first
from service.domain.sequence.model.enrol import Again
from service.domain.sequence.model.sequence import Sequence
from service.ports import Published
from service.store.contact import Contact
from service.store.enrolment import Draft, Enrolment
from service.store.history import Past, facts_of, local_of, read_pasts, seed_of
from service.store.letter import Reader

NOT_ENTERED = ("awaited", "declined")
COLUMNS = (
    "contact_id",
    "sequence",
    "trigger_key",
    "state",
    "began_by",
    "about",
    "entered_at",
    "wake_at",
    "date_at",
    "date_is_day",
    "arm",
    "data",
)


def enrol_by(
    session: Session,
    published: Published,
    contact: Contact,
    occasion: Occasion,
    now: datetime,
    *,
    newcomer: bool = False,
) -> list[Enrolment]:
    """Every enrolment that an occasion begins. The contact is locked already; the caller commits.

    A `newcomer` was made in this very transaction, and has no past that would have to be asked for.
    """
    begun = []
    for sequence in published.library.sequences:
        if answers(sequence, occasion):
            enrolment = enrol(session, published, contact, sequence, occasion, now, newcomer=newcomer)
            if enrolment is not None:
                begun.append(enrolment)
    return begun


def enrol(
    session: Session,
    published: Published,
    contact: Contact,
    sequence: Sequence,
    occasion: Occasion,
    now: datetime,
    *,
    newcomer: bool = False,
) -> Enrolment | None:
    """One enrolment with its first touch planned; None where the sequence does not let the person in."""
    draft = draft_of(published, contact, sequence, occasion, now)
    if why_not(session, published, contact, sequence, draft, now, newcomer=newcomer) is not None:
        return None
    # Planned before it is stored, so that the row is written once, with the time at which it wakes.
    first = plan_next(published, draft, local_of(contact, published.library.business), now)
    values = {name: getattr(draft, name) for name in COLUMNS}
    # What was only awaited, or did not let the person in then, gives its place up.
    row = session.scalar(
        insert(Enrolment)
        .values(values)
        .on_conflict_do_update(
            index_elements=["contact_id", "sequence", "trigger_key"],
            set_=values | {"why": None, "ended_at": None},
            where=Enrolment.state.in_(NOT_ENTERED),
        )
        .returning(Enrolment),
        execution_options={"populate_existing": True},
    )
    if row is not None and first is not None:
        write_plans(session, [first | {"enrolment_id": row.id}])
    return row


def draft_of(
    published: Published, contact: Contact | Reader, sequence: Sequence, occasion: Occasion, now: datetime
) -> Draft:
    """An enrolment that nobody has stored yet."""
    draft = Draft(
        contact_id=contact.id,
        sequence=sequence.key,
        trigger_key=trigger_key(sequence, occasion),
        began_by=occasion.began_by,
        about=occasion.thing,
        entered_at=now,
        arm=draw_arm(sequence, seed_of(contact)),
        data=dict(occasion.data),
    )
    if sequence.date is not None:
        set_date(draft, first(sequence, facts_of(published.library.business, contact, draft, Past(), now).given(), now))
    return draft


def why_not(
    session: Session,
    published: Published,
    contact: Contact,
    sequence: Sequence,
    draft: Draft,
    now: datetime,
    *,
    newcomer: bool = False,
) -> str | None:
    """Why the sequence does not let the person in, in a sentence; None where it does."""
    last = None
    if sequence.enrol.again is not Again.ALWAYS and not newcomer:
        last = last_entered(session, contact.id, sequence.key)
    past = read_pasts(session, [contact.id])[contact.id] if condition_asks(sequence) else Past()
    return why_not_enter(sequence, facts_of(published.library.business, contact, draft, past, now), last, now)


def condition_asks(sequence: Sequence) -> bool:
    """Whether `enrol.when` asks about the past, as only a function does; a signup that asks none is spared its
    queries."""
    condition = sequence.enrol.when
    return condition is not None and "(" in condition.source


def last_entered(session: Session, contact_id: int, sequence: str) -> datetime | None:
    """When the person entered a sequence last."""
    entered = select(Enrolment.entered_at).where(
        Enrolment.contact_id == contact_id,
        Enrolment.sequence == sequence,
        Enrolment.state.not_in(NOT_ENTERED),
    )
    return session.scalar(entered.order_by(Enrolment.entered_at.desc()).limit(1))


def set_date(enrolment: Enrolment | Draft, moment: Moment | None) -> None:
    """What the enrolment's dated steps count from."""
    enrolment.date_at = moment.at if moment else None
    enrolment.date_is_day = moment is not None and moment.is_day
