"""A person leaves: what they said is kept, and whatever was planned, held or cleared for them is cancelled."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from service.actions.advance import CAN_BE_CANCELLED, end
from service.actions.receive_event import Seen, receive_event
from service.domain.enrolment import Leave
from service.ports import Published
from service.store.contact import Consent, Contact, Suppression, lock_contacts
from service.store.delivery import Delivery
from service.store.enrolment import Enrolment


def unsubscribe(
    session: Session,
    published: Published,
    contact_id: int,
    now: datetime,
    *,
    topic: str | None = None,
    source: str = "page",
    user_agent: str | None = None,
) -> bool:
    """Leave all marketing (or one topic); whether there is such a contact. The caller commits. Repeating is harmless.

    After the commit no intent commits any more (RFC 8058 §3.1). Topics with `basis: service` outlive "leave all".
    """
    if not lock_contacts(session, [contact_id]):
        return False
    contact = session.get_one(Contact, contact_id)
    suppress(session, contact, now, topic=topic, reason="unsubscribed", source=source)
    session.add(
        Consent(
            contact_id=contact_id,
            topic=topic,
            act="withdrawn",
            basis="consent",
            at=now,
            source=source,
            user_agent=user_agent,
        )
    )
    spared = {each.name for each in published.library.business.topics if each.basis == "service"}
    left = {
        sequence.key
        for sequence in published.library.sequences
        if (sequence.topic == topic if topic else sequence.topic not in spared)
    }
    end_enrolments(session, _leave(topic, now), now, Enrolment.contact_id == contact_id, Enrolment.sequence.in_(left))
    # Last, so that what waits for it begins after everything else has ended.
    receive_event(session, published, contact, Seen("unsubscribed", now, data={"topic": topic}), now)
    return True


def _leave(topic: str | None, now: datetime) -> Leave:
    what = f"“{topic}”" if topic else "all marketing"
    return Leave("left", "unsubscribed", f"Not sent: the person left {what} on {now:%-d %B %Y}.")


def suppress(session: Session, contact: Contact, now: datetime, *, topic: str | None, reason: str, source: str) -> None:
    """Put an address on the suppression list; a line that stands there already stays as it is."""
    session.execute(
        insert(Suppression)
        .values(address_hash=contact.address_hash, topic=topic, reason=reason, source=source, at=now)
        .on_conflict_do_nothing()
    )


def end_enrolments(session: Session, leave: Leave, now: datetime, *which: ColumnElement[bool]) -> None:
    """End the enrolments that fulfil all conditions, and everything of theirs that has not left yet.

    Their contacts are locked already. A transactional mail that was asked for again belongs to an enrolment that may
    have ended long ago, so ended ones are looked through as well.
    """
    enrolments = session.scalars(select(Enrolment).where(*which).order_by(Enrolment.id).with_for_update()).all()
    ids = [enrolment.id for enrolment in enrolments]
    waiting = select(Delivery).where(Delivery.enrolment_id.in_(ids), Delivery.state.in_(CAN_BE_CANCELLED))
    rows = session.scalars(waiting.order_by(Delivery.id).with_for_update()).all()
    for enrolment in enrolments:
        own = [row for row in rows if row.enrolment_id == enrolment.id]
        if enrolment.state == "active" or own:
            end(enrolment, own, leave, now)
