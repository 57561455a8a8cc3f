"""An address is put on the suppression list: why, by whom, about what, and until when."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import case, or_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from service.domain.consent import IN_VAIN
from service.store.contact import Contact, Suppression


def suppress(session: Session, contact: Contact, now: datetime, *, topic: str | None, reason: str, source: str) -> bool:
    """Put a contact's address on the suppression list; see `suppress_address`."""
    return suppress_address(session, contact.address_hash, now, topic=topic, reason=reason, source=source)


def suppress_address(
    session: Session,
    address_hash: bytes,
    now: datetime,
    *,
    topic: str | None,
    reason: str,
    source: str,
    at: datetime | None = None,
    expires_at: datetime | None = None,
) -> bool:
    """Put an address on the suppression list, each once for a reason; whether the list changed. `at`: since when, where
    that is not now. A line that stands there already stays as it is, but for one that is over or would end sooner.

    Reasons stand beside one another: whoever had left, and complains after all, spares nothing from then on, and has
    still left when the complaint is settled. A mailbox that is dead for certain stays so, whatever arrives late.
    """
    line = {"topic": topic, "reason": reason, "source": source, "at": at or now, "expires_at": expires_at}
    add = insert(Suppression).values(address_hash=address_hash, **line)
    place = [Suppression.address_hash, Suppression.topic, Suppression.reason]
    over = Suppression.expires_at <= now
    anew = {"source": source, "at": case((over, at or now), else_=Suppression.at), "expires_at": expires_at}
    which = [over]
    if source != IN_VAIN:
        which.append(Suppression.expires_at.is_not(None) if expires_at is None else Suppression.expires_at < expires_at)
    if source != IN_VAIN and expires_at is None:
        which.append(Suppression.source == IN_VAIN)
    written = add.on_conflict_do_update(index_elements=place, set_=anew, where=or_(*which)).returning(Suppression.id)
    return session.scalar(written) is not None
