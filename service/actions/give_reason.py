"""Somebody who has left says why, if they like: kept beside the leaving, and counted without their name."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.actions.receive_event import Seen, receive_event
from service.domain.happening import LEFT_BECAUSE
from service.ports import Published
from service.store.contact import Consent, Contact, lock_contacts
from service.store.event import Event
from service.store.leaving import count_reason


def give_reason(session: Session, published: Published, consent_id: int, reason: str, note: str, now: datetime) -> bool:
    """Keep why somebody left, by the consent of their leaving; whether there is one. The caller commits.

    A later reason replaces the one before, in the story and in the count. Repeating is harmless.
    """
    act = session.get(Consent, consent_id)
    if act is None or act.act != "withdrawn" or not lock_contacts(session, [act.contact_id]):
        return False
    about = f"left:{consent_id}"
    mine = (Event.contact_id == act.contact_id, Event.about == about, Event.name == LEFT_BECAUSE, ~Event.replaced)
    before = session.scalar(select(Event).where(*mine))
    data = {"reason": reason, "note": note or None, "topic": act.topic}
    if before is not None and before.data == data:
        return True
    was = before.data.get("reason") if before is not None else None
    contact = session.get_one(Contact, act.contact_id)
    receive_event(session, published, contact, Seen(LEFT_BECAUSE, now, about=about, data=data), now)
    if was != reason:
        # In their order, so that two who change their minds never wait for one another.
        changes = {reason: 1} | ({str(was): -1} if was else {})
        for name, by in sorted(changes.items()):
            count_reason(session, name, by)
    return True
