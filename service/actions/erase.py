"""Forget a person: their row, all that hangs on it, and their name wherever else it stands.

What stays says nothing of anybody: the suppression list's keyed hash of the address, opens and clicks as a count, and
the tallies.
"""

from __future__ import annotations

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from service.actions.refer import NAMELESS
from service.store.contact import Contact, lock_contacts
from service.store.referral import Referral
from service.store.traces import (
    count_own,
    forget_answers,
    forget_notices,
    forget_strangers_feedback,
    quieten_hits,
    remove_decisions,
    unname_friend,
)


def erase(session: Session, contact_id: int) -> dict[str, int]:
    """Forget a contact: how much was removed, by what it was; empty where there is nobody. The caller commits.

    Copies in the development mailbox go with `forget_copies`, which beat runs. Whoever signs up again is new here.
    """
    if not lock_with_referrer(session, contact_id):
        return {}
    contact = session.get_one(Contact, contact_id, populate_existing=True)
    emails = {contact.email, contact.email_key}
    gone = {
        "opens_and_clicks": quieten_hits(session, contact_id),
        "told_to_others": unname_friend(session, contact_id, NAMELESS),
        "notices": forget_notices(session, emails),
    }
    gone |= count_own(session, contact_id)
    gone["answers"] += forget_answers(session, emails)
    gone["told_of_mails"] += forget_strangers_feedback(session, contact.address_hash)
    remove_decisions(session, contact_id)
    session.execute(delete(Contact).where(Contact.id == contact_id))
    return {"person": 1} | gone


def lock_with_referrer(session: Session, contact_id: int) -> bool:
    """Lock a contact, and whoever brought them, whose rows say so; whether the contact is there."""
    brought_by = session.scalars(select(Referral.referrer_id).where(Referral.friend_id == contact_id)).all()
    return contact_id in lock_contacts(session, sorted({contact_id, *brought_by}))
