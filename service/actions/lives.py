"""People as the core looks ahead for them, read from the database: who they are, their enrolments and touches."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from functools import lru_cache

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.actions.proceed import progress_of
from service.domain.consent import Standing
from service.domain.sequence.model.enrol import Enrol
from service.domain.sequence.model.library import Library
from service.domain.sequence.model.place import Place
from service.domain.sequence.model.sequence import Sequence, Status
from service.domain.sequence.model.step import Anchor, Step, When
from service.domain.sequence.model.words import Subject
from service.domain.sequence.vocabulary import Kind, Stage
from service.domain.simulation.burden import Burden
from service.domain.simulation.inside import Inside
from service.domain.simulation.life import Life
from service.domain.simulation.row import Row
from service.store.contact import Contact
from service.store.delivery import Delivery, State
from service.store.enrolment import Draft, Enrolment, of_a_sequence
from service.store.history import Past, contact_facts, read_standings, seed_of
from service.store.pressure import Told, read_told

UNWRITTEN = Place("sequences/")  # of what is in no file any more
NEW = 10**15  # numbers of what comes about from now on, behind all ids
AS_SENT = {State.HANDED: State.SENT, State.UNCERTAIN: State.SENT}  # it left, or may have


def read_lives(
    session: Session, library: Library, contacts: Collection[Contact], pasts: Mapping[int, Past], now: datetime
) -> dict[int, Life]:
    """The lives of many contacts at `now`, in a few queries, each with all that is open for it."""
    ids = [contact.id for contact in contacts]
    standings = read_standings(session, contacts, now)
    enrolments: dict[int, list[Enrolment]] = defaultdict(list)
    inside = select(Enrolment).where(Enrolment.contact_id.in_(ids), of_a_sequence())
    for enrolment in session.scalars(inside.order_by(Enrolment.id)):
        enrolments[enrolment.contact_id].append(enrolment)
    touches: dict[int, list[Delivery]] = defaultdict(list)
    told = read_told(session, library, ids, now)
    query = select(Delivery).where(Delivery.contact_id.in_(ids), Delivery.staff_to.is_(None))
    for row in session.scalars(query.order_by(Delivery.id)):
        touches[row.contact_id].append(row)
    lives = {
        each.id: _life(library, each, pasts[each.id], standings[each.id], enrolments[each.id], touches[each.id], now)
        for each in contacts
    }
    for each in contacts:
        lives[each.id].burden = _burden(each, told[each.id])
    return lives


def _burden(contact: Contact, told: Told) -> Burden:
    """What the contact's row remembers of what weighs on them, and what it was folded from."""
    return Burden(
        evidence=list(told.evidence),
        hides_opens=contact.hides_opens,
        less_often=contact.less_often,
        agreed_at=told.agreed_at,
        pressure=contact.pressure,
        weighed_at=contact.pressure_at,
        in_a_row=contact.unengaged_mails,
        since=contact.unengaged_since,
        engaged_at=contact.engaged_at,
        asked_at=contact.sunset_at,
    )


def _life(
    library: Library,
    contact: Contact,
    past: Past,
    standing: Standing,
    enrolments: Iterable[Enrolment],
    touches: Iterable[Delivery],
    now: datetime,
) -> Life:
    life = Life(
        library=library,
        contact=dict(contact_facts(contact)),
        seed=seed_of(contact),
        now=now,
        consented=dict.fromkeys(standing.consented) | dict(standing.ends),
        suppressed=list(standing.suppressed),
        happenings=list(past.happenings),
        caught_up_at=contact.caught_up_at,
        dealt_at=contact.dealt_at,
        paused_until=contact.paused_until,
        _count=NEW,
        _enrolled=NEW,
    )
    life.insides = [inside_of(library, each) for each in enrolments]
    by_number = {each.number: each for each in life.insides}
    life.rows = [_row(by_number[each.enrolment_id], each) for each in touches if each.enrolment_id in by_number]
    for row in touches:
        if row.state == State.HANDED and row.enrolment_id in by_number:
            by_number[row.enrolment_id].wake_at = None  # nobody knows yet what comes of it
    return life


def inside_of(library: Library, enrolment: Enrolment | Draft) -> Inside:
    """An enrolment; one that nobody has stored has no number yet."""
    inside = Inside(
        number=enrolment.id or 0,
        sequence=library.sequence(enrolment.sequence) or unwritten(enrolment.sequence),
        trigger_key=enrolment.trigger_key,
        began_by=enrolment.began_by or "",
        about=enrolment.about,
        progress=progress_of(enrolment),
        data=enrolment.data,
        arm=enrolment.arm,
        state=enrolment.state,
        wake_at=enrolment.wake_at,
        why=enrolment.why,
        paused_at=enrolment.paused_at,
    )
    if library.sequence(enrolment.sequence) is None and inside.is_under_way:
        inside.state = "stopped"
    return inside


def _row(inside: Inside, row: Delivery) -> Row:
    return Row(
        number=row.id,
        inside=inside,
        step=inside.sequence.step(row.step) or unwritten_step(row.step, row.priority),
        due_at=row.due_at,
        occasion=row.occasion,
        state=str(AS_SENT.get(State(row.state), row.state)),
        rule=row.rule or "",
        reason=row.reason or "",
        wake_at=row.wake_at,
        expires_at=row.expires_at,
        at=row.sent_at or row.handed_at,
    )


@lru_cache(maxsize=1_000)
def unwritten(key: str) -> Sequence:
    """What stands for a sequence that is in no file any more."""
    return Sequence(key, key, Stage.NURTURE, "", Kind.LETTER, Enrol(()), (), UNWRITTEN, status=Status.CLOSED)


@lru_cache(maxsize=1_000)
def unwritten_step(key: str, priority: int) -> Step:
    """What stands for a step that is in no file any more."""
    kind = Kind.LETTER if priority else Kind.SERVICE
    return Step(key, key, When(Anchor.DAY), UNWRITTEN, kind, subjects=(Subject("", (), UNWRITTEN),))
