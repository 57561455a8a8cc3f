"""Somebody is put on the suppression list by hand, or taken off it: what they were to get is settled with it."""

from __future__ import annotations

from datetime import datetime

import structlog
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from service.actions.leave import end_enrolments
from service.actions.receive_event import Seen, receive_event
from service.actions.suppress import suppress_address
from service.domain.consent import SPARES_SERVICE
from service.domain.departure import left_with, put_aside
from service.domain.suppression import FIRM, Line
from service.ports import Published
from service.store.contact import Contact, Suppression, lock_contacts
from service.store.enrolment import Enrolment, of_a_sequence
from service.store.suppression import find_line

log = structlog.get_logger()

LIFTED = "suppression.lifted"


class NeedsReason(Exception):  # noqa: N818 (what the answer says)
    """A complaint or a dead mailbox is lifted by a person who says why; the message is a sentence."""


def put_on_list(session: Session, published: Published, line: Line, now: datetime) -> bool:
    """Put a line on the list; whether the list changed. The caller commits.

    Whoever is known by this address leaves the sequences that it is about, so that nothing waits for them in vain.
    """
    known = session.scalars(select(Contact.id).where(Contact.address_hash == line.address_hash)).all()
    contacts = lock_contacts(session, sorted(known))
    changed = suppress_address(
        session,
        line.address_hash,
        now,
        topic=line.topic,
        reason=line.reason,
        source=line.source,
        at=line.at,
        expires_at=line.expires_at,
    )
    if changed and contacts and line.expires_at is None:
        mine = [Enrolment.contact_id.in_(contacts), of_a_sequence()]
        if line.topic is not None or line.reason in SPARES_SERVICE:
            mine.append(Enrolment.sequence.in_(left_with(published.library, line.topic)))
        end_enrolments(session, put_aside(line.topic, now), now, *mine)
    return changed


def lift(session: Session, published: Published, line_id: int, who: str, why: str, now: datetime) -> bool:
    """Take a line off the list; whether there was one. The caller commits. `who` did it, as words of a sentence.

    What was ended stays ended, and no consent is given by it. A complaint or a dead mailbox needs a reason; it stands
    in the person's timeline. Raises NeedsReason.
    """
    found = find_line(session, line_id)
    if found is None:
        return False
    line, _ = found
    if line.reason in FIRM and not why.strip():
        said = "complained" if line.reason == "complained" else "has a mailbox that refused our mail for good"
        raise NeedsReason(f"This person {said}. Say in `why` how you know that they want mail again.")
    known = session.scalars(select(Contact.id).where(Contact.address_hash == line.address_hash)).all()
    for contact_id in lock_contacts(session, sorted(known)):
        data = {"reason": line.reason, "topic": line.topic, "by": who, "why": why}
        receive_event(session, published, session.get_one(Contact, contact_id), Seen(LIFTED, now, data=data), now)
    session.execute(delete(Suppression).where(Suppression.id == line_id))
    log.info("suppression.lifted", line=line_id, reason=line.reason, who=who)
    return True
