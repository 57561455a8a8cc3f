"""A person takes back that they may be called, or sent text messages: as easily as they agreed to it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from service.actions.sign_up import Evidence
from service.actions.unsubscribe import withdrawal
from service.store.contact import read_channels
from service.store.merged import lock_contact


def stop_channel(session: Session, contact_id: int, channel: str, now: datetime, evidence: Evidence) -> None:
    """Append that a way other than mail (`phone`, `text`) is open no more (GDPR, article 7(3)). The caller commits.

    Where it was not open nothing is added, so repeating is harmless. What they agreed to by mail stays as it is.
    """
    contact = lock_contact(session, contact_id)
    if contact is not None and channel in read_channels(session, contact.id):
        session.add(withdrawal(contact.id, None, now, "page", evidence, channel))
