"""A stranger trades an address for something useful: contact, consent, enrolment and first delivery, in one commit."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from secrets import token_hex
from typing import Any

from sqlalchemy import Boolean, Row, func, literal_column, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from service.actions.enrol import NOT_ENTERED, enrol_by
from service.actions.expect import expect_dates
from service.actions.lighten import lighten
from service.actions.receive_event import wake
from service.actions.refer import joined
from service.actions.send_again import send_again
from service.domain.consent import ends_at, version_of
from service.domain.contact import Address, address_hash
from service.domain.entry import Occasion, consented_topics, starts
from service.domain.reason import ASKED_AGAIN
from service.domain.sequence.model.form import MAIL, Form
from service.domain.sequence.names import PERSONAL
from service.domain.sequence.vocabulary import Kind
from service.ports import Published
from service.store.contact import Consent, Contact
from service.store.delivery import Delivery
from service.store.enrolment import Enrolment
from service.store.event import Event

SEND_AGAIN = timedelta(hours=1)  # a repeated signup gets the form's first mail again, at most this often
REF = "ref"  # the field of a referral code, which says nothing about the person themselves


@dataclass(frozen=True, slots=True)
class Evidence:
    """How consent was given: what a business must be able to show (GDPR article 7(1))."""

    address: str | None = None  # the network address
    user_agent: str | None = None
    page: str | None = None
    wording: str = ""
    form: str | None = None  # its slug
    mail: bool = True  # whether they agreed to mail: at a counter it is a box, and may be left empty
    channels: tuple[tuple[str, str], ...] = ()  # the other ways that they agreed to, each with its wording: `phone`
    language: str | None = None  # that the page spoke

    @property
    def version(self) -> str | None:
        """Of the wording."""
        return version_of(self.wording)


@dataclass(frozen=True, slots=True)
class SignedUp:
    contact_id: int
    is_new: bool
    enrolments: tuple[int, ...] = field(default=())


def sign_up(
    session: Session,
    published: Published,
    hash_key: bytes,
    form: Form,
    address: Address,
    fields: Mapping[str, Any],
    evidence: Evidence,
    now: datetime,
    *,
    came: bool = False,
) -> SignedUp:
    """Take a signup of a single opt-in form, or one that was confirmed. The caller commits, and only then answers and
    rings.

    `fields` are the form's own, checked already, and `ref`, the code of whoever sent them. What is known of the person
    is added to, never overwritten; what stands against writing to them stays. The insert locks the contact, so ten
    signups at once make one contact and one enrolment. `came`: they are new here though their contact is not, which
    only waited for this to be confirmed.
    """
    ref, fields = fields.get(REF), {name: value for name, value in fields.items() if name != REF}
    contact, is_new = upsert_contact(session, hash_key, address, fields, now, source=source_of(form))
    consents = consents_of(published, form, evidence, now)
    keep_consents(session, contact.id, consents)
    session.connection().execute(insert(Event), event_of(form, now) | {"contact_id": contact.id})
    if (is_new or came) and ref:
        joined(session, published, contact, ref, now, is_new=is_new)
    if not is_new:
        wake(session, contact.id, now)
    if contact.sunset_at is not None and consents:
        lighten(session, published, [contact.id], now)
    occasion = occasion_of(form, fields)
    # A box for mail that stayed empty: what they said is kept, and no mail begins by it.
    begun = enrol_by(session, published, contact, occasion, now, newcomer=is_new) if evidence.mail else []
    expect_dates(session, published, contact, now, newcomer=is_new)
    if not is_new and evidence.mail:
        _send_again(session, published, contact, form, {each.sequence for each in begun}, now)
    return SignedUp(contact.id, is_new, tuple(enrolment.id for enrolment in begun))


def upsert_contact(
    session: Session, hash_key: bytes, address: Address, fields: Mapping[str, Any], now: datetime, *, source: str
) -> tuple[Contact, bool]:
    """The contact of an address, made where there is none, and locked; whether it is new. Only gaps are filled."""
    columns = contact_of(hash_key, address, fields, now, source)
    made = insert(Contact).values(columns)
    filled: dict[str, Any] = {
        name: func.coalesce(getattr(Contact, name), value) for name, value in columns.items() if name in PERSONAL
    }
    filled |= {"fields": made.excluded.fields + Contact.fields, "updated_at": now}
    row: Row[Contact, bool] = session.execute(
        made.on_conflict_do_update(index_elements=["email_key"], set_=filled).returning(
            Contact, literal_column("xmax = 0", Boolean)
        ),
        execution_options={"populate_existing": True},
    ).one()
    return row[0], bool(row[1])


def source_of(form: Form) -> str:
    """What a contact and a consent say of where they come from."""
    return f"form:{form.slug}"


def contact_of(
    hash_key: bytes, address: Address, fields: Mapping[str, Any], now: datetime, source: str
) -> dict[str, Any]:
    """The columns of somebody who is new here; what is empty among the fields is left out."""
    given = {name: value for name, value in fields.items() if value not in {None, ""}}
    return {
        "email": address.email,
        "email_key": address.key,
        "address_hash": address_hash(hash_key, address.key),
        "source": source,
        "fields": {name: value for name, value in given.items() if name not in PERSONAL},
        "created_at": now,
        "updated_at": now,
    } | {name: value for name, value in given.items() if name in PERSONAL}


def keep_consents(session: Session, contact_id: int, rows: Sequence[dict[str, Any]]) -> None:
    """Append these to a contact's consents."""
    if rows:
        session.connection().execute(insert(Consent), [row | {"contact_id": contact_id} for row in rows])


def consents_of(
    published: Published, form: Form, evidence: Evidence, now: datetime, act: str = "confirmed"
) -> list[dict[str, Any]]:
    """The columns of what a signup agrees to, but for the contact: a row for each topic, and one for each further way
    of being reached, which is about no topic."""
    consent = {
        "act": act,
        "basis": "consent",
        "channel": MAIL,
        "at": now,
        "expires_at": None,
        "source": source_of(form),
        "form": form.slug,
        "address": evidence.address,
        "user_agent": evidence.user_agent,
        "page": evidence.page,
        "wording": evidence.wording,
        "version": evidence.version,
    }
    topics = consented_topics(published.library, form) if evidence.mail else ()
    return [consent | _reason(published, topic, now) for topic in topics] + [
        consent | {"topic": None, "channel": channel, "wording": wording, "version": version_of(wording)}
        for channel, wording in evidence.channels
    ]


def _reason(published: Published, name: str, now: datetime) -> dict[str, Any]:
    topic = published.library.business.topic(name)
    ends = ends_at(topic, now)
    return {"topic": name, "basis": "consent" if ends is None else "inquiry", "expires_at": ends}


def event_of(form: Form, now: datetime) -> dict[str, Any]:
    """The columns of the event that a signup is, but for the contact."""
    return {"name": "signup", "at": now, "data": {"form": form.slug}}


def occasion_of(form: Form, fields: Mapping[str, Any]) -> Occasion:
    """A signup as what begins sequences; `fields` without the referral code."""
    return Occasion("signup", form.slug, f"signup:{token_hex(8)}", {"form": dict(fields) | {"slug": form.slug}})


def _send_again(
    session: Session, published: Published, contact: Contact, form: Form, begun: Collection[str], now: datetime
) -> None:
    """The transactional first mail once more, where no new enrolment brings it."""
    for sequence in published.library.sequences:
        first = sequence.steps[0] if sequence.steps else None
        if first is None or sequence.key in begun or first.kind is not Kind.SERVICE or not starts(sequence, form):
            continue
        enrolment = session.scalar(
            select(Enrolment)
            .where(Enrolment.contact_id == contact.id, Enrolment.sequence == sequence.key)
            .where(Enrolment.state.not_in(NOT_ENTERED))
            .order_by(Enrolment.id.desc())
            .limit(1)
        )
        if enrolment is None:
            continue
        last = session.scalar(
            select(func.max(Delivery.due_at)).where(Delivery.enrolment_id == enrolment.id, Delivery.step == first.key)
        )
        if last is not None and now >= last + SEND_AGAIN:
            written = (sequence, first)
            send_again(session, published, contact, enrolment, written, now, rule="asked-again", reason=ASKED_AGAIN)
