"""What hangs on a person, and where else their name or address stands: all that `erase` has to come by.

A new table with a column for a contact belongs into OWN, and into `service.store.person`; tests say so.
"""

from __future__ import annotations

import quopri
import re
from collections.abc import Iterable, Mapping
from email import message_from_bytes
from typing import Any
from urllib.parse import quote, unquote_to_bytes

from sqlalchemy import ColumnElement, Delete, Text, delete, func, or_, select, text, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from service.domain.redaction import HIDDEN
from service.store.access import IdempotentReply
from service.store.contact import Consent, Contact
from service.store.decision import Decision
from service.store.delivery import Delivery
from service.store.enrolment import Enrolment
from service.store.event import Event
from service.store.feedback import ToldFeedback
from service.store.leaving import Leaving
from service.store.merged import MergedContact
from service.store.notice import Notice, Reading
from service.store.referral import Referral
from service.store.reward import Reward
from service.store.task import Task
from service.store.webhook_call import WebhookCall

# By the words in which it is told; what hangs on other rows of the person stands before them.
OWN: Mapping[str, InstrumentedAttribute[Any]] = {
    "answers": IdempotentReply.contact_id,
    "passed_on": WebhookCall.contact_id,
    "tasks": Task.contact_id,
    "told_of_mails": ToldFeedback.contact_id,
    "decisions": Decision.contact_id,
    "mails": Delivery.contact_id,
    "sequences": Enrolment.contact_id,
    "events": Event.contact_id,
    "rewards": Reward.contact_id,
    "referrals": Referral.referrer_id,
    "leavings": Leaving.contact_id,
    "consents": Consent.contact_id,
    "numbers": MergedContact.contact_id,
}

PAGE = 50  # notices that are held at a time, each up to a megabyte
HITS = text(
    """
    UPDATE hit SET user_agent = NULL
    WHERE delivery_id IN (SELECT id FROM delivery WHERE contact_id = :contact_id) AND user_agent IS NOT NULL
    """
)
# What is told to whoever brought a friend is about the referral, and carries the friend's first name.
TOLD_TO_REFERRERS = text(
    """
    UPDATE event SET data = jsonb_set(data, '{friend}', to_jsonb(CAST(:nameless AS text)))
    WHERE contact_id = :referrer_id AND about = :about AND data ? 'friend'
    """
)
BEGUN_BY_IT = text(
    """
    UPDATE enrolment SET data = jsonb_set(data, '{event,friend}', to_jsonb(CAST(:nameless AS text)))
    WHERE contact_id = :referrer_id AND about = :about AND data -> 'event' ? 'friend'
    """
)


def count_own(session: Session, contact_id: int) -> dict[str, int]:
    """How much hangs on a person, of each. All but decisions goes with their row, by the database's own cascade."""
    return {
        what: session.scalar(select(func.count()).select_from(mine.class_).where(mine == contact_id)) or 0
        for what, mine in OWN.items()
    }


def remove_decisions(session: Session, contact_id: int) -> int:
    """Delete what was decided about a person's mails: kept by the month, and without a foreign key."""
    return _remove(session, delete(Decision).where(Decision.contact_id == contact_id))


def quieten_hits(session: Session, contact_id: int) -> int:
    """Opens and clicks stay as a count: what the person opened them with goes. Before their mails go."""
    return int(session.connection().execute(HITS, {"contact_id": contact_id}).rowcount)


def unname_friend(session: Session, contact_id: int, nameless: Mapping[str, str]) -> int:
    """Take a friend's first name out of what was told to whoever brought them; in how many rows it stood. The referral
    stays with whoever did the bringing, under a keyed hash of the friend's address.

    `nameless` says in each language what stands there instead.
    """
    query = select(Referral.id, Referral.referrer_id, Contact.language).join(
        Contact, Contact.id == Referral.referrer_id
    )
    count = 0
    for referral_id, referrer_id, language in session.execute(query.where(Referral.friend_id == contact_id)).all():
        word = nameless.get((language or "")[:2].lower(), nameless["en"])
        values = {"referrer_id": referrer_id, "about": f"referral:{referral_id}", "nameless": word}
        for statement in (TOLD_TO_REFERRERS, BEGUN_BY_IT):
            count += session.connection().execute(statement, values).rowcount
    return count


def mails_naming(session: Session, contact_id: int) -> set[str]:
    """The Message-IDs of mails in which whoever brought somebody was told their first name."""
    abouts = [
        f"referral:{each}" for each in session.scalars(select(Referral.id).where(Referral.friend_id == contact_id))
    ]
    mails = select(Delivery.message_id).join(Enrolment, Enrolment.id == Delivery.enrolment_id)
    return set(session.scalars(mails.where(Enrolment.about.in_(abouts), Enrolment.contact_id != contact_id)))


def forget_answers(session: Session, emails: Iterable[str]) -> int:
    """Delete kept answers that were given about nobody's row, and name an address all the same."""
    said = func.lower(IdempotentReply.body.cast(Text) + " " + IdempotentReply.key)
    names = or_(*(func.strpos(said, each.lower()) > 0 for each in emails))
    return _remove(session, delete(IdempotentReply).where(IdempotentReply.contact_id.is_(None), names))


def forget_strangers_feedback(session: Session, address_hash: bytes) -> int:
    """Delete what was told about an address when nobody here had it."""
    theirs: tuple[ColumnElement[bool], ...] = (
        ToldFeedback.contact_id.is_(None),
        ToldFeedback.address_hash == address_hash,
    )
    return _remove(session, delete(ToldFeedback).where(*theirs))


def forget_notices(session: Session, emails: Iterable[str]) -> int:
    """Take addresses out of what providers posted and nobody could read; in how many it stood.

    What tells of one thing is let go of; among many only the address goes. What only waits is read within seconds and
    gone then: it may hold the complaint for which nobody writes to this address again.
    """
    needles = [each.lower().encode() for each in emails]
    plain = re.compile(b"|".join(re.escape(form) for each in needles for form in _spellings(each)), re.IGNORECASE)
    found, after = 0, 0
    unread = select(Notice.id, Notice.at, Notice.items, Notice.body).where(Notice.state == Reading.ASIDE)
    while True:
        page = unread.where(Notice.id > after).order_by(Notice.id).limit(PAGE).with_for_update(skip_locked=True)
        rows = session.execute(page).all()
        for notice_id, at, items, body in rows:
            this = (Notice.id == notice_id, Notice.at == at)
            left = plain.sub(HIDDEN.encode(), body)
            if items <= 1 and _names(body, needles):
                found += _remove(session, delete(Notice).where(*this))
            elif left != body:
                session.execute(update(Notice).where(*this).values(body=left))
                found += 1
        if not rows:
            return found
        after = rows[-1].id


def _names(body: bytes, needles: Iterable[bytes]) -> bool:
    """Whether a body names one of these addresses, as it stands there or behind the encodings of forms and mail."""
    return any(needle in form for form in _readings(body) for needle in needles)


def _readings(body: bytes) -> Iterable[bytes]:
    yield body.lower()
    yield unquote_to_bytes(body).lower()
    yield quopri.decodestring(body).lower()
    for part in message_from_bytes(body).walk():
        payload = part.get_payload(decode=True)
        if isinstance(payload, bytes):
            yield payload.lower()


def _spellings(needle: bytes) -> set[bytes]:
    """An address as it is, as a form sends it, and as it stands in an address of the web."""
    return {needle, quote(needle).encode(), quote(needle, safe="+").encode(), needle.replace(b"@", b"%40")}


def _remove(session: Session, statement: Delete) -> int:
    return int(session.connection().execute(statement).rowcount)
