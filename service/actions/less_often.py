"""A person asks for less mail, or takes it back: their own wish, which halves what their pressure may reach."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from service.actions.receive_event import Seen, receive_event
from service.domain.happening import LESS_OFTEN
from service.domain.pressure import BY_WEIGHT
from service.ports import Published
from service.store.delivery import Delivery, State
from service.store.merged import lock_contact


def wish_less_often(session: Session, published: Published, contact_id: int, wish: bool, now: datetime) -> bool:
    """Keep the wish; whether there is such a contact. The caller commits. The same wish once more changes nothing.

    It is told as the event `less-often`, so that it stands in the timeline. Mail that was held by its weight is looked
    at again at once, because it may leave sooner now; mail that was cleared is asked once more before it leaves.
    """
    contact = lock_contact(session, contact_id)
    if contact is None:
        return False
    if contact.less_often == wish:
        return True
    contact.less_often, contact.updated_at = wish, now
    session.flush()
    held = (Delivery.contact_id == contact.id, Delivery.state == State.HELD, Delivery.rule.in_(BY_WEIGHT))
    session.execute(update(Delivery).where(*held).values(wake_at=now))
    receive_event(session, published, contact, Seen(LESS_OFTEN, now, data={"wish": wish}), now)
    return True
