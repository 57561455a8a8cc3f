"""What is done only by a button in a mail: another address, and being forgotten. Asked for here, done behind it."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.actions.change_contact import move
from service.actions.erase import erase
from service.actions.merge import merge
from service.actions.receive_event import Seen, receive_event
from service.actions.suppress import suppress
from service.actions.system_mail import close_request, open_request, write_system_mail
from service.domain.contact import Address, address_hash
from service.domain.happening import ADDRESS_CHANGED
from service.domain.system_mail import KEEPS, SystemMail
from service.ports import Published
from service.store.contact import Contact, Suppression, find_by_key, lock_contacts
from service.store.enrolment import Enrolment
from service.store.merged import lock_contact

A_DAY = timedelta(days=1)
MOST_ADDRESSES = 5  # new addresses that one person may name in a day: whoever has a link could else write to anybody
NOT_WANTED = ("complained", "bounced", "manual")  # addresses that are not even asked
CONFIRMED = "Confirmed at the new address."
REPLACED = "Another new address was confirmed."


class Moved(StrEnum):
    """What came of a confirmed address."""

    DONE = "done"
    OVER = "over"  # used before, too late, or gone


def ask_address(
    session: Session, published: Published, hash_key: bytes, contact_id: int, address: Address, now: datetime
) -> bool:
    """Ask the owner of a new address whether they are this person; False where it is the one they have. The caller
    commits and rings.

    Whether a mail leaves is never told: none does to an address that called our mail spam or refused it, none twice
    within the hour, and at most five in a day.
    """
    contact = lock_contact(session, contact_id)
    if contact is None:
        return True
    if contact.email == address.email:
        return False
    asked = select(func.count()).where(Enrolment.contact_id == contact.id, Enrolment.sequence == SystemMail.ADDRESS)
    if (session.scalar(asked.where(Enrolment.entered_at > now - A_DAY)) or 0) >= MOST_ADDRESSES:
        return True
    line = (Suppression.address_hash == address_hash(hash_key, address.key), Suppression.topic.is_(None))
    stands = (Suppression.reason.in_(NOT_WANTED), func.coalesce(Suppression.expires_at > now, True))
    if session.scalar(select(Suppression.id).where(*line, *stands).limit(1)) is None:
        data = {"email": address.email, "key": address.key}
        keeps = KEEPS[SystemMail.ADDRESS]
        write_system_mail(
            session, published, contact.id, SystemMail.ADDRESS, now, keeps=keeps, data=data, recipient=address.email
        )
    return True


def confirm_address(session: Session, published: Published, hash_key: bytes, enrolment_id: int, now: datetime) -> Moved:
    """The button at the new address was pressed: from now on the person has it. The caller commits and rings.

    What stands on the suppression list for the old address stays there; what the person said goes with them. Where
    another contact has the address the two are one person, who has shown to own both.
    """
    asked = session.get(Enrolment, enrolment_id)
    if asked is None or asked.sequence != SystemMail.ADDRESS or "key" not in asked.data:
        return Moved.OVER
    other = find_by_key(session, [str(asked.data["key"])]).get(str(asked.data["key"]))
    lock_contacts(session, sorted({asked.contact_id, *([other] if other else [])}))
    request = open_request(session, enrolment_id, SystemMail.ADDRESS, now)
    if request is None:
        return Moved.OVER
    if other is not None and other != request.contact_id:
        merge(session, published, request.contact_id, other, now)
    contact = session.get_one(Contact, request.contact_id)
    address = Address(str(request.data["email"]), str(request.data["key"]))
    move(session, hash_key, contact, address)
    contact.updated_at = now
    _close_all(session, contact.id, request, now)
    receive_event(session, published, contact, Seen(ADDRESS_CHANGED, now), now)
    return Moved.DONE


def _close_all(session: Session, contact_id: int, pressed: Enrolment, now: datetime) -> None:
    """This button, and those that would move them elsewhere again."""
    close_request(session, pressed, now, CONFIRMED)
    others = (Enrolment.contact_id == contact_id, Enrolment.sequence == SystemMail.ADDRESS, Enrolment.id != pressed.id)
    for each in session.scalars(select(Enrolment).where(*others, Enrolment.state == "active").with_for_update()):
        close_request(session, each, now, REPLACED)


def ask_forget(session: Session, published: Published, contact_id: int, now: datetime) -> None:
    """Ask by mail whether somebody really wants to be forgotten, at most once an hour. The caller commits and rings."""
    contact = lock_contact(session, contact_id)
    if contact is not None:
        write_system_mail(session, published, contact.id, SystemMail.FORGET, now, keeps=KEEPS[SystemMail.FORGET])


def confirm_forget(session: Session, enrolment_id: int, now: datetime) -> bool:
    """The button was pressed: the person leaves for good and is forgotten; whether they were there. The caller commits.

    All that stays is the keyed hash of the address on the suppression list, so that no later import writes to them.
    """
    request = open_request(session, enrolment_id, SystemMail.FORGET, now)
    if request is None:
        return False
    contact = session.get_one(Contact, request.contact_id)
    suppress(session, contact, now, topic=None, reason="unsubscribed", source="forget")
    session.flush()
    erase(session, contact.id)
    return True
