"""Let one person into one sequence because somebody says so; and take them out again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from secrets import token_hex
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.actions.enrol import draft_of, enrol, why_not
from service.actions.leave import end_enrolments
from service.domain.consent import may_email
from service.domain.departure import Leave
from service.domain.entry import Occasion
from service.domain.sequence.model.business import Topic
from service.domain.sequence.model.sequence import Sequence
from service.ports import Published
from service.store.contact import Contact, lock_contacts
from service.store.enrolment import Enrolment
from service.store.history import read_standings


class NotLetIn(Exception):  # noqa: N818 (what the answer says)
    """The sequence does not let this person in; the message is a sentence that says why and what to do."""


@dataclass(frozen=True, slots=True)
class Entered:
    """The enrolment; `is_new` is False where the person was inside already."""

    enrolment: Enrolment
    is_new: bool


def enrol_by_hand(
    session: Session, published: Published, contact: Contact, sequence: Sequence, data: Mapping[str, Any], now: datetime
) -> Entered:
    """Enrol a locked contact; `data` is what `event.…` says in its letters. The caller commits.

    Any live sequence may be entered by hand; its `when` and `again` hold, and so does what the person wishes.
    Raises NotLetIn.
    """
    inside = session.scalar(
        select(Enrolment)
        .where(Enrolment.contact_id == contact.id, Enrolment.sequence == sequence.key, Enrolment.state == "active")
        .order_by(Enrolment.id.desc())
        .limit(1)
    )
    if inside is not None:
        return Entered(inside, is_new=False)
    _refuse_unwished(session, published, contact, sequence, now)
    event = dict(data) | {"name": "manual", "at": now.isoformat()}
    occasion = Occasion("manual", sequence.key, f"manual:{token_hex(8)}", {"event": event})
    enrolment = enrol(session, published, contact, sequence, occasion, now)
    if enrolment is None:
        draft = draft_of(published, contact, sequence, occasion, now)
        raise NotLetIn(why_not(session, published, contact, sequence, draft, now) or "The person is inside already.")
    return Entered(enrolment, is_new=True)


def _refuse_unwished(
    session: Session, published: Published, contact: Contact, sequence: Sequence, now: datetime
) -> None:
    topic = published.library.business.topic(sequence.topic) or Topic(sequence.topic)
    standing = read_standings(session, [contact], now)[contact.id]
    barred = may_email(standing, topic, now)
    if barred is None:
        return
    words = f"The person {barred}."
    if may_email(standing._replace(suppressed=()), topic, now) is not None:
        words += f" Record their consent to “{topic.name}” first: `consents` of POST /api/v1/contacts."
    raise NotLetIn(words)


def take_out(session: Session, enrolment_id: int, who: str, now: datetime) -> Enrolment | None:
    """End an enrolment and cancel what has not left; None where there is none. The caller commits.

    One that is over already stays as it ended.
    """
    contact_id = session.scalar(select(Enrolment.contact_id).where(Enrolment.id == enrolment_id))
    if contact_id is None or not lock_contacts(session, [contact_id]):
        return None
    leave = Leave("stopped", "taken-out", f"Stopped: taken out by {who} on {now:%-d %B %Y}.")
    end_enrolments(session, leave, now, Enrolment.id == enrolment_id)
    session.flush()
    return session.get(Enrolment, enrolment_id, populate_existing=True)
