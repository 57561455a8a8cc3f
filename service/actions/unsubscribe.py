"""A person leaves: what they said is kept, and whatever was planned, held or cleared for them is cancelled."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.actions.leave import Before, end_enrolments
from service.actions.receive_event import Seen, receive_event
from service.actions.sign_up import Evidence
from service.actions.suppress import suppress
from service.domain.departure import left_with, unsubscribed
from service.domain.happening import UNSUBSCRIBED
from service.domain.leaving import UNDO
from service.domain.sequence.model.form import MAIL
from service.ports import Published
from service.store.contact import Consent
from service.store.enrolment import Enrolment
from service.store.history import read_consents
from service.store.leaving import Leaving
from service.store.merged import lock_contact

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
    leaving goes, a repetition's that of what it repeats. Repeating is harmless, and adds nothing.
    """
    contact = lock_contact(session, contact_id)
    if contact is None:
        return None
    contact_id = contact.id
    agreed = set(read_consents(session, [contact_id]).get(contact_id, ()))
    took = agreed if topic is None else agreed & {topic}
    is_new = suppress(session, contact, now, topic=topic, reason="unsubscribed", source=source)
    standing = None if is_new else _standing(session, contact_id, topic, now)
    mine = (Enrolment.contact_id == contact_id, Enrolment.sequence.in_(left_with(published.library, topic)))
    before = end_enrolments(session, unsubscribed(topic, now), now, *mine)
    if not is_new and not (took or before.enrolments or before.deliveries):
        said = standing.consent_id if standing is not None else _said(session, contact_id, topic)
        if said is not None:
            return said  # pressed once more: there was nothing left to leave
    act = withdrawal(contact_id, topic, now, source, evidence)
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


def withdrawal(
    contact_id: int, topic: str | None, now: datetime, source: str, evidence: Evidence, channel: str = MAIL
) -> Consent:
    """The act by which a consent is taken back."""
    return Consent(
        contact_id=contact_id,
        topic=topic,
        channel=channel,
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


def _said(session: Session, contact_id: int, topic: str | None) -> int | None:
    """The number of the consent by which they left the same last; None where somebody else put them on the list."""
    same = (Consent.contact_id == contact_id, Consent.topic.is_not_distinct_from(topic), Consent.channel == MAIL)
    return session.scalar(select(func.max(Consent.id)).where(*same, Consent.act == "withdrawn"))


def _standing(session: Session, contact_id: int, topic: str | None, now: datetime) -> Leaving | None:
    """The leaving that this one repeats: what a mail program did, somebody does once more by hand."""
    same = (Leaving.contact_id == contact_id, Leaving.topic.is_not_distinct_from(topic))
    stands = (Leaving.undone_at.is_(None), Leaving.at >= now - UNDO)
    newest = select(Leaving).where(*same, *stands).order_by(Leaving.consent_id.desc()).limit(1)
    return session.scalar(newest, execution_options={"populate_existing": True})
