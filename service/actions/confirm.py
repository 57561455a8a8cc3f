"""Whoever owns an address confirms what was signed up for with it: from then on it counts."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from service.actions.ask_to_confirm import kept_signups
from service.actions.sign_up import Evidence, sign_up, source_of
from service.actions.suppress import suppress_address
from service.actions.system_mail import close_request, open_request
from service.domain.consent import Suppressed, lifted
from service.domain.contact import read_address
from service.domain.sequence.model.form import Form
from service.domain.system_mail import SystemMail
from service.ports import Published
from service.store.contact import Contact, Suppression
from service.store.event import Event

CONFIRMED = "The signup was confirmed."
ANEW = "confirmed"  # the source of a line that is left of a wider one


@dataclass(frozen=True, slots=True)
class Confirmed:
    """Who confirmed, and by which forms they are signed up now."""

    contact_id: int
    forms: tuple[str, ...]


def confirm(
    session: Session, published: Published, hash_key: bytes, enrolment_id: int, evidence: Evidence, now: datetime
) -> Confirmed | None:
    """Let what waits behind a confirmation happen, as single opt-in signups would. The caller commits and rings.

    None where it was done, is too late, or gone: a button works once. `evidence` is of the press of the button; the
    words are those that stood in the form. An unsubscribe of these topics is taken back by it, and nothing else.
    """
    request = open_request(session, enrolment_id, SystemMail.CONFIRM, now)
    if request is None:
        return None
    contact = session.get_one(Contact, request.contact_id)
    signups = kept_signups(request)
    came = _is_unknown(session, contact)
    close_request(session, request, now, CONFIRMED)
    _lift(session, published, contact, {name for kept in signups.values() for name in kept.topics}, now)
    address = read_address(contact.email)
    for number, (slug, kept) in enumerate(signups.items()):
        # Its words may have changed since, and its file even be gone: what they were shown is what they confirm.
        form = replace(published.library.business.form(slug) or Form(slug), topics=kept.topics)
        said = replace(evidence, wording=kept.wording, form=slug, mail=kept.mail, channels=kept.channels)
        new_here = came and not number
        sign_up(session, published, hash_key, form, address, kept.fields, said, now, came=new_here)
    return Confirmed(contact.id, tuple(signups))


def _is_unknown(session: Session, contact: Contact) -> bool:
    """Whether all that is known of the person is that a form was filled in for them."""
    told = session.scalar(select(Event.id).where(Event.contact_id == contact.id).limit(1))
    return told is None and (contact.source or "").startswith(source_of(Form("")))


def _lift(session: Session, published: Published, contact: Contact, topics: Collection[str], now: datetime) -> None:
    """Take off the suppression list what they take back by this."""
    mine = select(Suppression).where(Suppression.address_hash == contact.address_hash).order_by(Suppression.id)
    known = {Suppressed(row.topic, row.reason, row.at): row for row in session.scalars(mine).all()}
    left = lifted(known, topics, published.library.business.topics)
    gone = [row.id for line, row in known.items() if line not in left]
    if gone:
        session.execute(delete(Suppression).where(Suppression.id.in_(gone)))
    for line in left:
        if line not in known:
            _suppress(session, contact, line, known[replace(line, topic=None)].expires_at, now)


def _suppress(session: Session, contact: Contact, line: Suppressed, ends: datetime | None, now: datetime) -> None:
    """What is left of a wider line, and ends with it."""
    suppress_address(
        session,
        contact.address_hash,
        now,
        topic=line.topic,
        reason=line.reason,
        source=ANEW,
        at=line.at,
        expires_at=ends,
    )
