"""A signup of a double opt-in form: it is kept with a request, and counts once whoever owns the address confirms it.

Nothing of a known person changes by it, so that nobody can put words into another's contact, and one mail asks about
all that somebody signed up for meanwhile: one confirmation an address a window, however often a form is sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.actions.refer import invited
from service.actions.sign_up import (
    REF,
    Evidence,
    SignedUp,
    consents_of,
    keep_consents,
    sign_up,
    source_of,
    upsert_contact,
)
from service.actions.system_mail import FORM, LANGUAGE, ask, prolong, write_system_mail
from service.domain.consent import may_email
from service.domain.contact import Address
from service.domain.duration import add
from service.domain.entry import consented_topics
from service.domain.sequence.model.business import Topic
from service.domain.sequence.model.form import Form
from service.domain.system_mail import AGAIN_AFTER, SystemMail
from service.ports import Published
from service.store.contact import Contact
from service.store.delivery import Delivery
from service.store.enrolment import Enrolment
from service.store.history import read_standings, zone_of

SIGNUPS = "signups"  # in the request's data: what waits, by the form's slug
AT_ONCE = 8  # doublings of the window, after which asking again is as rare as it gets


@dataclass(frozen=True, slots=True)
class Kept:
    """A signup that waits: what was filled in, and agreed to, in which words."""

    fields: Mapping[str, Any]
    topics: tuple[str, ...] = ()
    wording: str = ""
    mail: bool = True  # no, in one that was kept before nobody was asked any more who had left that box empty
    channels: tuple[tuple[str, str], ...] = field(default=())
    at: str = ""  # when it was filled in, as ISO 8601

    def as_data(self) -> dict[str, Any]:
        """As it is kept with the request."""
        return asdict(self)

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Kept:
        """As it was kept."""
        known = {each.name: data[each.name] for each in fields(cls) if each.name in data}
        pairs = tuple((channel, wording) for channel, wording in known.get("channels", ()))
        return cls(**known | {"topics": tuple(known.get("topics", ())), "channels": pairs})


def kept_signups(request: Enrolment) -> dict[str, Kept]:
    """What waits for a request's button, by the form's slug, in the order in which it was filled in."""
    found = {slug: Kept.of(data) for slug, data in request.data.get(SIGNUPS, {}).items()}
    return dict(sorted(found.items(), key=lambda each: each[1].at))


def ask_to_confirm(
    session: Session,
    published: Published,
    hash_key: bytes,
    form: Form,
    address: Address,
    fields: Mapping[str, Any],
    evidence: Evidence,
    now: datetime,
) -> SignedUp:
    """Take a signup of a double opt-in form; as `sign_up` otherwise. The caller commits, and only then answers.

    Whoever agrees to all of it already, and may be written to, is signed up directly. So is whoever left the box for
    mail empty: no mail asks them about anything, and that they may be called needs none, as a mail can't prove it.
    """
    contact, is_new = upsert_contact(session, hash_key, address, {}, now, source=source_of(form))
    topics = consented_topics(published.library, form)
    has_all = not evidence.channels and _has_all(session, published, contact, topics, now)
    if has_all or not evidence.mail:
        return sign_up(session, published, hash_key, form, address, fields, evidence, now, came=is_new)
    if is_new:
        invited(session, published, contact, fields.get(REF), now)
    kept = Kept(dict(fields), topics, evidence.wording, channels=evidence.channels, at=now.isoformat())
    open_ = _find_open(session, contact, now)
    if open_ is None or form.slug not in open_.data[SIGNUPS]:
        keep_consents(session, contact.id, consents_of(published, form, evidence, now, "requested"))
    if open_ is None:
        _begin(session, published, contact, form, kept, evidence.language, now)
    else:
        signups = {name: each for name, each in open_.data[SIGNUPS].items() if name != form.slug}
        open_.data = open_.data | {SIGNUPS: signups | {form.slug: kept.as_data()}, FORM: form.slug}
        _ask_again(session, published, contact, open_, now)
    return SignedUp(contact.id, is_new)


def _has_all(session: Session, published: Published, contact: Contact, topics: tuple[str, ...], now: datetime) -> bool:
    """Whether the person agrees to all of that, and nothing stands against writing to them about it."""
    standing = read_standings(session, [contact], now)[contact.id]
    business = published.library.business
    known = [business.topic(name) or Topic(name) for name in topics]
    return standing.agreed_to(now).issuperset(topics) and all(may_email(standing, each, now) is None for each in known)


def _find_open(session: Session, contact: Contact, now: datetime) -> Enrolment | None:
    """The request of the person that waits, locked."""
    mine = (Enrolment.contact_id == contact.id, Enrolment.sequence == SystemMail.CONFIRM, Enrolment.state == "active")
    query = select(Enrolment).where(*mine, Enrolment.date_at > now).order_by(Enrolment.id.desc()).limit(1)
    return session.scalar(query.with_for_update())


def _begin(
    session: Session,
    published: Published,
    contact: Contact,
    form: Form,
    kept: Kept,
    language: str | None,
    now: datetime,
) -> None:
    data = {FORM: form.slug, SIGNUPS: {form.slug: kept.as_data()}, LANGUAGE: language}
    keeps = _ends_at(published, contact, now) - now
    write_system_mail(
        session, published, contact.id, SystemMail.CONFIRM, now, keeps=keeps, data=data, again_after=now - now
    )


def _ask_again(session: Session, published: Published, contact: Contact, request: Enrolment, now: datetime) -> None:
    """Once more where the last mail is long enough ago; each time it takes twice as long."""
    asked = select(func.count(), func.max(Delivery.due_at)).where(Delivery.enrolment_id == request.id)
    count, last = session.execute(asked).one()
    window = AGAIN_AFTER * 2 ** min(max(count - 1, 0), AT_ONCE)
    if last is not None and now < last + window:
        return
    prolong(published, request, _ends_at(published, contact, now), zone_of(contact, published.library.business))
    ask(session, published, request, now)


def _ends_at(published: Published, contact: Contact, now: datetime) -> datetime:
    business = published.library.business
    return add(now, business.consent.confirm_within, zone_of(contact, business))
