"""A person leaves: what they said is kept, and whatever was planned, held or cleared for them is cancelled."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from service.actions.leave import end_enrolments
from service.actions.receive_event import Seen, receive_event
from service.domain.consent import SPARES_SERVICE
from service.domain.departure import left_with, unsubscribed
from service.ports import Published
from service.store.contact import Consent, Contact, Suppression, lock_contacts
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
    mine = (Enrolment.contact_id == contact_id, Enrolment.sequence.in_(left_with(published.library, topic)))
    end_enrolments(session, unsubscribed(topic, now), now, *mine)
    # Last, so that what waits for it begins after everything else has ended.
    receive_event(session, published, contact, Seen("unsubscribed", now, data={"topic": topic}), now)
    return True


def suppress(session: Session, contact: Contact, now: datetime, *, topic: str | None, reason: str, source: str) -> None:
    """Put an address on the suppression list, each once. A line that stands there already stays as it is.

    But whoever had left, and complains after all, spares nothing from then on, and counts for the breaker.
    """
    line = {"reason": reason, "source": source, "at": now}
    add = insert(Suppression).values(address_hash=contact.address_hash, topic=topic, **line)
    if reason in SPARES_SERVICE:
        session.execute(add.on_conflict_do_nothing())
        return
    milder = Suppression.reason.in_(SPARES_SERVICE)
    place = [Suppression.address_hash, Suppression.topic]
    session.execute(add.on_conflict_do_update(index_elements=place, set_={**line, "expires_at": None}, where=milder))
