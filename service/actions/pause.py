"""A person asks to hear nothing for a while, or to go on now."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from service.actions.receive_event import Seen, receive_event
from service.domain.clearance import PAUSE
from service.domain.happening import PAUSE as TOLD
from service.domain.pause import pause_ends
from service.domain.sunset import SUNSET
from service.ports import Published
from service.store.contact import Contact
from service.store.delivery import Delivery, State
from service.store.history import zone_of
from service.store.merged import lock_contact


def pause(session: Session, published: Published, contact_id: int, days: int, now: datetime) -> datetime | None:
    """Keep the wish; when the pause ends, None where there is none (any more). The caller commits.

    What comes due meanwhile is held, or expires at its own end; service mail and people's work go on. No `days` ends a
    pause, and what it held is looked at again at once. It is told as the event `pause`. Somebody who was asked whether
    they want to stay has thereby answered. Repeating is harmless.
    """
    contact = lock_contact(session, contact_id)
    if contact is None:
        return None
    until = pause_ends(now, days, zone_of(contact, published.library.business))
    if until == contact.paused_until or (until is None and _is_over(contact, now)):
        return until
    contact.paused_until, contact.sunset_at, contact.updated_at = until, None, now
    session.flush()
    held = (Delivery.contact_id == contact.id, Delivery.state == State.HELD, Delivery.rule.in_((PAUSE, SUNSET)))
    session.execute(update(Delivery).where(*held).values(wake_at=now))
    receive_event(session, published, contact, Seen(TOLD, now, data={"days": days}), now)
    return until


def _is_over(contact: Contact, now: datetime) -> bool:
    return contact.paused_until is None or contact.paused_until <= now
