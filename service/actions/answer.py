"""A person answers a question in a mail, with the button of its page. A later answer replaces an earlier one."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.actions.receive_event import Seen, receive_event
from service.ports import Published
from service.store.contact import Contact, lock_contacts
from service.store.delivery import Delivery
from service.store.enrolment import Enrolment
from service.store.event import Event

NAME = "answer"


def answer(
    session: Session, published: Published, delivery_id: int, value: str, note: str | None, now: datetime
) -> bool:
    """Keep the answer to a mail's question; False where that mail, and with it the person, is forgotten.

    It is the event `answer` about the mail, so that the same question answered again is a correction and begins
    nothing twice. The same answer with the same note changes nothing. The caller commits.
    """
    contact_id = session.scalar(select(Delivery.contact_id).where(Delivery.id == delivery_id))
    if contact_id is None or not lock_contacts(session, [contact_id]):
        return False
    delivery = session.get_one(Delivery, delivery_id)
    enrolment = session.get_one(Enrolment, delivery.enrolment_id)
    data = {
        "sequence": enrolment.sequence,
        "step": delivery.step,
        "value": value,
        "note": note or None,
        "enrolment": enrolment.id,
    }
    # About the question, not the single mail: one that was sent again asks the same.
    about = f"answer:{enrolment.id}:{delivery.step}"
    if _newest(session, contact_id, about) == data:
        return True
    contact = session.get_one(Contact, contact_id, populate_existing=True)
    receive_event(session, published, contact, Seen(NAME, now, about=about, data=data), now)
    return True


def _newest(session: Session, contact_id: int, about: str) -> object:
    given = select(Event.data).where(
        Event.contact_id == contact_id, Event.name == NAME, Event.about == about, Event.replaced.is_(False)
    )
    return session.scalar(given.order_by(Event.id.desc()).limit(1))
