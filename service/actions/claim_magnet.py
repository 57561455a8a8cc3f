"""What the link of a lead magnet is good for: found by the mail that it stands in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, cast

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.actions.proceed import find_step
from service.actions.send_again import send_again
from service.domain.duration import add
from service.domain.reason import ASKED_AGAIN
from service.domain.sequence.expression import Worded
from service.domain.sequence.model.magnet import Magnet, MagnetKind
from service.ports import Published
from service.store.contact import Contact, lock_contacts
from service.store.delivery import Delivery
from service.store.enrolment import Enrolment
from service.store.history import facts_of, read_pasts, zone_of

SEND_AGAIN = timedelta(hours=1)  # who presses the button again gets another mail at most this often


@dataclass(frozen=True, slots=True)
class Claim:
    """What somebody may have now. `contact` is None where they, or the mail, are forgotten; `form` began the mail's
    sequence. `code` and `expires` are a coupon's."""

    contact: Contact | None
    is_over: bool
    form: str = ""
    can_come_again: bool = False
    code: str = ""
    expires: date | None = None


def claim_magnet(session: Session, published: Published, delivery_id: int, magnet: Magnet, now: datetime) -> Claim:
    """What the link of this mail is good for now. A link without a mail (delivery 0) is a colleague's, and lasts."""
    delivery = session.get(Delivery, delivery_id)
    if delivery is None:
        return Claim(None, is_over=bool(delivery_id))
    contact = session.get_one(Contact, delivery.contact_id)
    enrolment = session.get_one(Enrolment, delivery.enrolment_id)
    form = str((enrolment.data.get("form") or {}).get("slug") or "")
    zone = zone_of(contact, published.library.business)
    if magnet.kind is MagnetKind.COUPON:
        own = _coupon(session, published, contact, enrolment, magnet.what, now)
        expires = cast(date, own["expires"])
        return Claim(contact, now.astimezone(zone).date() > expires, form, code=str(own), expires=expires)
    sent_at = delivery.sent_at or delivery.handed_at or delivery.due_at
    is_over = now >= add(sent_at, magnet.valid, zone)
    return Claim(contact, is_over, form, can_come_again=find_step(published, enrolment, delivery.step) is not None)


def ask_again(session: Session, published: Published, delivery_id: int, now: datetime) -> bool:
    """Send the mail of a link again, at most once an hour; whether one is on its way. The caller commits and rings."""
    contact_id = session.scalar(select(Delivery.contact_id).where(Delivery.id == delivery_id))
    if contact_id is None or not lock_contacts(session, [contact_id]):
        return False
    contact = session.get_one(Contact, contact_id, populate_existing=True)
    step, enrolment_id = session.execute(
        select(Delivery.step, Delivery.enrolment_id).where(Delivery.id == delivery_id)
    ).one()
    enrolment = session.get_one(Enrolment, enrolment_id, populate_existing=True)
    written = find_step(published, enrolment, step)
    if written is None:
        return False
    of_step = (Delivery.enrolment_id == enrolment_id, Delivery.step == step)
    last: datetime = session.scalars(select(func.max(Delivery.due_at)).where(*of_step)).one()
    if now >= last + SEND_AGAIN:
        send_again(session, published, contact, enrolment, written, now, rule="asked-again", reason=ASKED_AGAIN)
    return True


def _coupon(
    session: Session, published: Published, contact: Contact, enrolment: Enrolment, name: str, now: datetime
) -> Worded:
    """The code that `coupon("NAME")` prints in this enrolment's mails."""
    past = read_pasts(session, [contact.id])[contact.id]
    facts = facts_of(published.library.business, contact, enrolment, past, now)
    coupon: Any = facts.names()["coupon"]
    return cast(Worded, coupon(name))
