"""What a step does besides writing: set a field, tag, call another service, let into a sequence or out of it."""

from __future__ import annotations

from datetime import datetime

import structlog
from sqlalchemy.exc import DataError
from sqlalchemy.orm import Session

from service.actions.call_webhooks import queue_call
from service.actions.enrol import enrol
from service.actions.expect import expect_dates
from service.actions.leave import UNDER_WAY, end_enrolments
from service.actions.receive_event import become, retag, wake
from service.domain.clearance import topic_of
from service.domain.consent import may_email
from service.domain.departure import taken_out_by
from service.domain.effect import CallWebhook, Effect, EnrolIn, LeaveOf, Retag, SetField, effects, kept, retagged
from service.domain.entry import Occasion
from service.domain.sequence.expression import ExpressionError
from service.domain.sequence.model.step import Step
from service.ports import Published
from service.store.contact import Contact
from service.store.enrolment import Enrolment, of_a_sequence
from service.store.history import facts_of, read_pasts, read_standings

log = structlog.get_logger()


def carry_out(
    session: Session, published: Published, enrolment: Enrolment, contact: Contact, step: Step, now: datetime
) -> str:
    """Do what rides on a step that was done; what could not be done, in a sentence, empty where all was.

    Contact and enrolment are locked; the caller commits. All of it is done, or nothing, and what can't be done stops
    nothing else: the mail that it rides on has left.
    """
    if not step.actions:
        return ""
    past = read_pasts(session, [contact.id])[contact.id]
    facts = facts_of(published.library.business, contact, enrolment, past, now)
    try:
        wanted = effects(step, facts)
    except ExpressionError as error:
        log.error("step.not_carried_out", enrolment=enrolment.id, step=step.key, reason=str(error))
        return f"Its actions can't be carried out: {error}."
    try:
        with session.begin_nested():
            for effect in wanted:
                _apply(session, published, enrolment, contact, step, effect, now)
    except (ValueError, ArithmeticError, LookupError, TypeError, DataError) as error:
        log.exception("step.not_carried_out", enrolment=enrolment.id, step=step.key)
        return f"Its actions can't be carried out: {type(error).__name__}."
    return ""


def _apply(
    session: Session,
    published: Published,
    enrolment: Enrolment,
    contact: Contact,
    step: Step,
    effect: Effect,
    now: datetime,
) -> None:
    match effect:
        case SetField(name="stage", value=stage):
            become(session, published, contact, str(stage), now)
        case SetField(name=name, value=value):
            _set(session, published, contact, name, value, now)
        case Retag():
            retag(session, published, contact, retagged(contact.tags, effect), now)
        case CallWebhook(name=name):
            queue_call(session, published, contact, enrolment, step, name, now)
        case EnrolIn(sequence=key):
            _enrol(session, published, contact, enrolment, step, key, now)
        case LeaveOf(sequence=key):
            _leave(session, contact, enrolment, step, key, now)


def _set(session: Session, published: Published, contact: Contact, name: str, value: object, now: datetime) -> None:
    is_own = name in dict(published.library.business.fields)
    value = kept(value, own=is_own)
    if is_own:
        own = {field: each for field, each in contact.fields.items() if field != name}
        contact.fields = own if value is None else own | {name: value}
    else:
        setattr(contact, name, value)
    contact.updated_at = now
    session.flush()
    session.refresh(contact)  # in the types of its columns
    wake(session, contact.id, now)
    expect_dates(session, published, contact, now)


def _enrol(
    session: Session, published: Published, contact: Contact, enrolment: Enrolment, step: Step, key: str, now: datetime
) -> None:
    """The other file's `when`, `again` and topic are respected."""
    sequence = published.library.sequence(key)
    if sequence is None:
        return
    topic = topic_of(published.library.business, sequence)
    if may_email(read_standings(session, [contact], now)[contact.id], topic, now) is not None:
        return
    occasion = Occasion("enrol", enrolment.sequence, f"enrol:{enrolment.id}:{step.key}", {**enrolment.data})
    enrol(session, published, contact, sequence, occasion, now)


def _leave(
    session: Session, contact: Contact, enrolment: Enrolment, step: Step, key: str | None, now: datetime
) -> None:
    leave = taken_out_by(step, enrolment.sequence)
    which = [Enrolment.contact_id == contact.id, Enrolment.id != enrolment.id, Enrolment.state.in_(UNDER_WAY)]
    which.append(of_a_sequence())
    if key is not None:
        which.append(Enrolment.sequence == key)
    session.flush()
    end_enrolments(session, leave, now, *which)
