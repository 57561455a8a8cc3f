"""A person leaves: what they said is kept, and whatever was planned, held or cleared for them is cancelled."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import case, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from service.actions.leave import Before, end_enrolments
from service.actions.receive_event import Seen, receive_event
from service.actions.sign_up import Evidence
from service.domain.consent import IN_VAIN
from service.domain.departure import left_with, unsubscribed
from service.domain.happening import UNSUBSCRIBED
from service.domain.leaving import UNDO
from service.ports import Published
from service.store.contact import Consent, Contact, Suppression, lock_contacts
from service.store.enrolment import Enrolment
from service.store.history import read_consents
from service.store.leaving import Leaving

UNSEEN = Evidence()  # of a leaving that no page of ours saw


def unsubscribe(
    session: Session,
    published: Published,
    contact_id: int,
    now: datetime,
    *,
    topic: str | None = None,
    source: str = "page",
    evidence: Evidence = UNSEEN,
) -> int | None:
    """Leave all marketing (or one topic); None where there is no such contact. The caller commits.

    After the commit no intent commits any more (RFC 8058 §3.1). Topics with `basis: service` outlive "leave all". What
    it took away is remembered, and given back by `come_back`: the number returned is that of the consent by which this
    leaving goes, a repetition's that of what it repeats. Repeating is harmless.
    """
    if not lock_contacts(session, [contact_id]):
        return None
    contact = session.get_one(Contact, contact_id)
    agreed = set(read_consents(session, [contact_id]).get(contact_id, ()))
    took = agreed if topic is None else agreed & {topic}
    is_new = suppress(session, contact, now, topic=topic, reason="unsubscribed", source=source)
    standing = None if is_new else _standing(session, contact_id, topic, now)
    mine = (Enrolment.contact_id == contact_id, Enrolment.sequence.in_(left_with(published.library, topic)))
    before = end_enrolments(session, unsubscribed(topic, now), now, *mine)
    if standing is not None and not (took or before.enrolments or before.deliveries):
        return standing.consent_id  # pressed once more: there was nothing left to leave
    act = Consent(
        contact_id=contact_id,
        topic=topic,
        act="withdrawn",
        basis="consent",
        at=now,
        source=source,
        address=evidence.address,
        user_agent=evidence.user_agent,
        page=evidence.page,
        wording=evidence.wording or None,
        version=evidence.version,
    )
    session.add(act)
    # Last, so that what waits for it begins after everything else has ended.
    event_id = receive_event(session, published, contact, Seen(UNSUBSCRIBED, now, data={"topic": topic}), now)
    leaving = _new_leaving(session, act, event_id) if is_new else standing
    if leaving is None:
        session.flush()
        return act.id
    remember(leaving, took, before, now)
    return leaving.consent_id


def remember(leaving: Leaving, agreed: Collection[str], before: Before, now: datetime) -> None:
    """Add to what a leaving took away. What it found first counts."""
    leaving.at = now
    leaving.agreed = sorted({*leaving.agreed, *agreed})
    found = {
        str(number): [state, why, ended_at.isoformat() if ended_at else None]
        for number, (state, why, ended_at) in before.enrolments.items()
    }
    leaving.ended = found | leaving.ended
    leaving.cancelled = {str(number): state for number, state in before.deliveries.items()} | leaving.cancelled


def _new_leaving(session: Session, act: Consent, event_id: int | None) -> Leaving:
    session.flush()
    leaving = Leaving(
        consent_id=act.id,
        contact_id=act.contact_id,
        topic=act.topic,
        at=act.at,
        agreed=[],
        ended={},
        cancelled={},
        event_id=event_id,
    )
    session.add(leaving)
    return leaving


def _standing(session: Session, contact_id: int, topic: str | None, now: datetime) -> Leaving | None:
    """The leaving that this one repeats: what a mail program did, somebody does once more by hand."""
    same = (Leaving.contact_id == contact_id, Leaving.topic.is_not_distinct_from(topic))
    stands = (Leaving.undone_at.is_(None), Leaving.at >= now - UNDO)
    newest = select(Leaving).where(*same, *stands).order_by(Leaving.consent_id.desc()).limit(1)
    return session.scalar(newest, execution_options={"populate_existing": True})


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
