"""Somebody takes back, within the hour, that they left: all is as if they had not, but for what time has made of it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import and_, delete, or_, select, update
from sqlalchemy.orm import Session

from service.actions.leave import UNDER_WAY, end_enrolments
from service.actions.proceed import find_step, put_behind
from service.actions.receive_event import SKEW, Seen, receive_event
from service.actions.sign_up import Evidence
from service.domain.clearance import topic_of
from service.domain.consent import may_email
from service.domain.departure import came_back, unsubscribed
from service.domain.happening import CAME_BACK, UNSUBSCRIBED
from service.domain.leaving import can_undo
from service.ports import Published
from service.store.contact import Consent, Contact, Suppression, lock_contacts
from service.store.delivery import Delivery, State
from service.store.enrolment import Enrolment
from service.store.event import Event, event_key
from service.store.history import read_standings
from service.store.leaving import Leaving

SOURCE = "undo"  # of the consents that stand again
GIVEN_BACK = "Due again: the person took back that they had left."
ENDED = ("left", "declined")  # as a leaving leaves enrolments
LEFT = (State.SENT, State.UNCERTAIN, State.FAILED)  # over and done with: never sent again


class Back(StrEnum):
    """What came of it."""

    DONE = "done"
    ALREADY = "already"
    LATE = "late"
    GONE = "gone"


def come_back(session: Session, published: Published, consent_id: int, evidence: Evidence, now: datetime) -> Back:
    """Take a leaving back, within the hour and once. The caller commits. Repeating is harmless.

    The line on the suppression list goes, the consents stand again with the words they were given in, and what the
    leaving ended goes on where it was: what was planned is planned, what was due or held competes anew, what left
    stays sent. What another leaving or anybody else put in the way stays in the way; what belongs to another leaving
    that stands is left to that one.
    """
    known = session.get(Leaving, consent_id)
    if known is None or not lock_contacts(session, [known.contact_id]):
        return Back.GONE if session.get(Consent, consent_id) is None else Back.LATE
    leaving = session.get_one(Leaving, consent_id, populate_existing=True)
    if leaving.undone_at is not None:
        return Back.ALREADY
    if not can_undo(leaving.at, now):
        return Back.LATE
    contact = session.get_one(Contact, leaving.contact_id)
    leaving.undone_at = now
    _lift(session, contact, leaving)
    _hand_over(session, published, contact, leaving)
    _agree_again(session, contact, leaving.agreed, evidence, now)
    _forget_event(session, leaving, now)
    session.flush()
    _revive(session, published, contact, leaving, now)
    receive_event(session, published, contact, Seen(CAME_BACK, now, data={"topic": leaving.topic}), now)
    return Back.DONE


def _lift(session: Session, contact: Contact, leaving: Leaving) -> None:
    own = (Suppression.topic.is_not_distinct_from(leaving.topic), Suppression.reason == "unsubscribed")
    session.execute(delete(Suppression).where(Suppression.address_hash == contact.address_hash, *own))


def _hand_over(session: Session, published: Published, contact: Contact, leaving: Leaving) -> None:
    """What another leaving covers that still stands is given back with that one."""
    lines = (Suppression.address_hash == contact.address_hash, Suppression.reason == "unsubscribed")
    listed = set(session.scalars(select(Suppression.topic).where(*lines)))
    others = (Leaving.contact_id == contact.id, Leaving.undone_at.is_(None))
    stand = session.scalars(select(Leaving).where(*others).order_by(Leaving.consent_id)).all()
    heirs = {each.topic: each for each in stand if each.topic in listed}
    if not heirs:
        return
    ids = [int(number) for number in leaving.ended]
    found = session.execute(select(Enrolment.id, Enrolment.sequence).where(Enrolment.id.in_(ids)))
    topics = {number: _topic_of(published, sequence) for number, sequence in found}
    mails = session.execute(
        select(Delivery.id, Delivery.enrolment_id).where(Delivery.id.in_([int(each) for each in leaving.cancelled]))
    )
    enrolment_of = {str(number): str(enrolment) for number, enrolment in mails}
    for topic in {*leaving.agreed, *(each for each in topics.values() if each)}:
        heir = heirs.get(topic) or heirs.get(None)
        if heir is None:
            continue
        mine = {str(number) for number, each in topics.items() if each == topic}
        cancelled = {number for number, enrolment in enrolment_of.items() if enrolment in mine}
        heir.agreed = sorted({*heir.agreed, *({topic} & set(leaving.agreed))})
        heir.ended = _only(leaving.ended, mine) | heir.ended
        heir.cancelled = _only(leaving.cancelled, cancelled) | heir.cancelled
        leaving.agreed = [each for each in leaving.agreed if each != topic]
        leaving.ended = _only(leaving.ended, set(leaving.ended) - mine)
        leaving.cancelled = _only(leaving.cancelled, set(leaving.cancelled) - cancelled)


def _only(kept: dict[str, Any], numbers: Collection[str]) -> dict[str, Any]:
    return {number: value for number, value in kept.items() if number in numbers}


def _topic_of(published: Published, sequence: str) -> str | None:
    found = published.library.sequence(sequence)
    return found.topic if found else None


def _agree_again(
    session: Session, contact: Contact, topics: Collection[str], evidence: Evidence, now: datetime
) -> None:
    """Each consent once more, in the words of the one that was taken back."""
    given = (Consent.contact_id == contact.id, Consent.act == "confirmed", Consent.topic.in_(topics))
    before = {each.topic: each for each in session.scalars(select(Consent).where(*given).order_by(Consent.id))}
    kept = [column.key for column in Consent.__table__.columns if column.key not in {"id", "recorded_at"}]
    anew = {"at": now, "source": SOURCE, "address": evidence.address, "user_agent": evidence.user_agent}
    for each in before.values():
        session.add(Consent(**({name: getattr(each, name) for name in kept} | anew)))


def _forget_event(session: Session, leaving: Leaving, now: datetime) -> None:
    """That they left, said once or several times, counts no longer, and what it began ends."""
    told = (Event.contact_id == leaving.contact_id, Event.name == UNSUBSCRIBED, Event.id >= (leaving.event_id or 0))
    same = Event.data["topic"].astext.is_not_distinct_from(leaving.topic)
    forgotten = update(Event).where(*told, same, ~Event.replaced).values(replaced=True).returning(Event.id)
    keys = [event_key(number) for number in session.scalars(forgotten)]
    begun = (Enrolment.contact_id == leaving.contact_id, Enrolment.began_by == UNSUBSCRIBED, Enrolment.about.in_(keys))
    end_enrolments(session, came_back(now), now, *begun)


def _revive(session: Session, published: Published, contact: Contact, leaving: Leaving, now: datetime) -> None:
    """What the leaving ended goes on, as far as mail on its topic may go out now."""
    standing = read_standings(session, [contact], now)[contact.id]
    ids = [int(number) for number in leaving.ended]
    ended = select(Enrolment).where(Enrolment.id.in_(ids), Enrolment.state.in_(ENDED)).order_by(Enrolment.id)
    revived = []
    for enrolment in session.scalars(ended.with_for_update()):
        sequence = published.library.sequence(enrolment.sequence)
        topic = topic_of(published.library.business, sequence) if sequence else None
        if topic is None or may_email(standing, topic, now) is not None or _is_awaited_again(session, enrolment):
            continue
        state, why, ended_at = leaving.ended[str(enrolment.id)]
        enrolment.state, enrolment.why = state, why
        enrolment.ended_at = datetime.fromisoformat(ended_at) if ended_at else None
        if state in UNDER_WAY:
            enrolment.wake_at = max(now - SKEW, enrolment.entered_at) if state == "awaited" else now - SKEW
        revived.append(enrolment)
    _give_back(session, leaving, revived, now)
    _note_what_left(session, published, revived, now)


def _is_awaited_again(session: Session, enrolment: Enrolment) -> bool:
    """Whether the person's next time in the sequence is awaited already."""
    if enrolment.state != "declined":
        return False
    same = (Enrolment.contact_id == enrolment.contact_id, Enrolment.sequence == enrolment.sequence)
    return session.scalar(select(Enrolment.id).where(*same, Enrolment.state == "awaited")) is not None


def _give_back(session: Session, leaving: Leaving, revived: Sequence[Enrolment], now: datetime) -> None:
    """The mails that were cancelled: nobody's hands hold them any more, whoever had taken them."""
    ids = [int(number) for number in leaving.cancelled]
    # A mail that was on its way when they left, and was not taken, was put aside afterwards.
    late = and_(Delivery.rule == "left", Delivery.reason == unsubscribed(leaving.topic, leaving.at).reason)
    which = (Delivery.enrolment_id.in_([each.id for each in revived]), or_(Delivery.id.in_(ids), late))
    query = select(Delivery).where(*which, Delivery.state == State.CANCELLED).order_by(Delivery.id)
    for row in session.scalars(query.with_for_update()):
        was_planned = leaving.cancelled.get(str(row.id)) == State.PLANNED
        row.state = State.PLANNED if was_planned else State.DUE
        row.rule, row.reason = (None, None) if was_planned else ("due", GIVEN_BACK)
        row.wake_at = None if was_planned else now
        row.token = row.lease_until = row.pace_group = None


def _note_what_left(session: Session, published: Published, revived: Sequence[Enrolment], now: datetime) -> None:
    """A mail that was on its way when they left is behind them."""
    by_id = {each.id: each for each in revived if each.state == "active"}
    own = (Delivery.enrolment_id.in_(by_id), Delivery.occasion == 0, Delivery.staff_to.is_(None))
    for row in session.scalars(select(Delivery).where(*own, Delivery.state.in_(LEFT)).order_by(Delivery.id)):
        enrolment = by_id[row.enrolment_id]
        written = find_step(published, enrolment, row.step)
        if written is not None and row.step not in enrolment.passed:
            left_at = None if row.state == State.FAILED else row.sent_at or row.handed_at
            put_behind(enrolment, written[1], left_at, now)


def offers(session: Session, consent_id: int, now: datetime) -> bool:
    """Whether a leaving can still be taken back."""
    leaving = session.get(Leaving, consent_id)
    return leaving is not None and leaving.undone_at is None and can_undo(leaving.at, now)
