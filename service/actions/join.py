"""A person agrees to one more topic, by the button behind a `join:` link."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from service.actions.receive_event import Seen, receive_event, wake
from service.actions.record_consent import Given, record_consents
from service.actions.sign_up import Evidence
from service.domain.consent import may_email, what_bars
from service.domain.sequence.model.business import Topic
from service.ports import Published
from service.store.contact import Contact, Suppression
from service.store.delivery import Delivery
from service.store.enrolment import Enrolment
from service.store.history import read_standings
from service.store.merged import lock_contact

SOURCE = "join"


def join(
    session: Session,
    published: Published,
    contact_id: int,
    delivery_id: int,
    topic: Topic,
    evidence: Evidence,
    now: datetime,
) -> bool:
    """Keep that a person agrees to a topic; whether mail on it may go to them now. The caller commits.

    Having left this one topic themselves is taken back by it; nothing else that stands against their mail is, and then
    nothing is kept. What waits for the consent is looked at at once. The press of the button is a click on the mail
    `delivery_id` that the link stood in. Repeating is harmless.
    """
    contact = lock_contact(session, contact_id)
    if contact is None:
        return False
    standing = read_standings(session, [contact], now)[contact.id]
    if what_bars(standing, topic) is not None:
        return False
    if may_email(standing, topic, now) is not None:
        own = (Suppression.topic == topic.name, Suppression.reason == "unsubscribed")
        session.execute(delete(Suppression).where(Suppression.address_hash == contact.address_hash, *own))
        given = Given(topic.name, evidence.wording, now, SOURCE, evidence)
        record_consents(session, published, contact, [given], now)
        wake(session, contact.id, now)
    _note_press(session, published, contact, delivery_id, topic, now)
    return True


def _note_press(
    session: Session, published: Published, contact: Contact, delivery_id: int, topic: Topic, now: datetime
) -> None:
    of = select(Enrolment.sequence, Delivery.step, Enrolment.id).join(Delivery, Delivery.enrolment_id == Enrolment.id)
    mail = session.execute(of.where(Delivery.id == delivery_id, Delivery.contact_id == contact.id)).one_or_none()
    if mail is not None:
        data = {"sequence": mail[0], "step": mail[1], "enrolment": mail[2], "topic": topic.name}
        key = f"join:{delivery_id}:{topic.name}"
        receive_event(session, published, contact, Seen("click", now, key=key, data=data), now)
