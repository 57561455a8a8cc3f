"""Forget a person: the row and all that hangs on it. The suppression list keeps a keyed hash and nothing else."""

from __future__ import annotations

from sqlalchemy import delete
from sqlalchemy.orm import Session

from service.store.contact import Contact, lock_contacts
from service.store.decision import Decision


def erase(session: Session, contact_id: int) -> bool:
    """Forget a contact; whether there was one. The caller commits.

    Consents, enrolments, deliveries, events and kept answers go with it by the database's own cascade, decisions by
    ours. Hits stay: they name a delivery that is no longer there, and so count without saying whom.
    """
    if not lock_contacts(session, [contact_id]):
        return False
    session.execute(delete(Decision).where(Decision.contact_id == contact_id))
    session.execute(delete(Contact).where(Contact.id == contact_id))
    return True
