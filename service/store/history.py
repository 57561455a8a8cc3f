"""What happened to people so far, read in bulk as the facts that the core decides by."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from service.domain.consent import Standing, Suppressed, agreed, standing_of
from service.domain.facts import NOBODY, Facts
from service.domain.happening import Happening, Touch
from service.domain.moment import Moment
from service.domain.records import Records
from service.domain.schedule import Local
from service.domain.sequence.model.business import Business
from service.domain.sequence.names import CONTACT
from service.store.bulk import among, fetch, listed
from service.store.contact import Contact
from service.store.delivery import Delivery
from service.store.driver import read
from service.store.due import Someone
from service.store.enrolment import Draft, Enrolment
from service.store.event import Event, event_key
from service.store.handover import Leaving, Way
from service.store.letter import Inside, Reader
from service.store.referral import concerned, read_referrals
from service.store.told import Person

CONTACT_FIELDS = tuple(CONTACT)
ITS_FIELDS = attrgetter(*CONTACT_FIELDS)

CONSENTS = text(
    """
    SELECT contact_id, topic, act, expires_at FROM consent
    WHERE contact_id = ANY(CAST(:ids AS bigint[])) AND act IN ('confirmed', 'withdrawn') AND channel = 'email'
    ORDER BY id
    """
)
SUPPRESSIONS = text(
    """
    SELECT contact.id, suppression.topic, suppression.reason, suppression.at
    FROM contact JOIN suppression ON suppression.address_hash = contact.address_hash
    WHERE contact.id = ANY(CAST(:ids AS bigint[])) AND (suppression.expires_at IS NULL OR suppression.expires_at > :now)
    ORDER BY suppression.id
    """
)


@dataclass(slots=True)
class Past:
    """One contact's past, as far as conditions may ask about it."""

    happenings: list[Happening] = field(default_factory=list)
    touches: list[Touch] = field(default_factory=list)
    inside: set[str] = field(default_factory=set)
    consented: Mapping[str, datetime | None] = field(default_factory=dict)  # until when
    referral: Mapping[str, Any] = field(default_factory=lambda: NOBODY)


def zone_of(contact: Contact | Someone | Reader | Leaving | Person, business: Business) -> ZoneInfo:
    """The contact's time zone, else the business's; a name that is none (any more) must not hold up everybody."""
    try:
        return ZoneInfo(contact.timezone or business.zone)
    except (LookupError, ValueError, OSError):
        return ZoneInfo(business.zone)


def seed_of(contact: Contact | Someone | Reader | Leaving) -> str:
    """What everything that is drawn for a person is drawn from; keyed, so that nobody outside can tell."""
    return contact.address_hash.hex()


def local_of(contact: Contact | Leaving | Reader, business: Business) -> Local:
    """What a person's times are reckoned with, but for their rhythm, which takes their past to know."""
    return Local(zone_of(contact, business), business.window, business.closed, seed=seed_of(contact))


def contact_facts(contact: Contact | Reader) -> Mapping[str, Any]:
    """`contact.…` of the language: the built-in fields and the business's own."""
    return {**contact.fields, **dict(zip(CONTACT_FIELDS, ITS_FIELDS(contact), strict=True))}


def read_happenings(session: Session, contact_ids: Collection[int]) -> dict[int, Past]:
    """Of the pasts of many contacts only what happened, for whoever asks no more."""
    pasts: dict[int, Past] = defaultdict(Past)
    events = select(
        Event.contact_id, Event.id, Event.name, Event.at, Event.data, Event.value, Event.about, Event.key
    ).where(among(Event.contact_id, contact_ids), ~Event.replaced)
    for contact_id, event_id, name, at, data, value, about, key in fetch(session, events.order_by(Event.id)):
        named = about or key or event_key(event_id)
        happening = Happening(name, at, data, value, data.get("enrolment"), about, named)
        pasts[contact_id].happenings.append(happening)
    return pasts


def read_pasts(session: Session, contact_ids: Collection[int]) -> dict[int, Past]:
    """The pasts of many contacts, in six queries."""
    pasts = read_happenings(session, contact_ids)
    touches = (
        select(
            Delivery.contact_id,
            Delivery.enrolment_id,
            Enrolment.sequence,
            Delivery.step,
            Delivery.state,
            Delivery.priority,
            Delivery.sent_at,
            Delivery.handed_at,
        )
        .join(Enrolment, Enrolment.id == Delivery.enrolment_id)
        .where(among(Delivery.contact_id, contact_ids), Delivery.staff_to.is_(None))
        .where(Delivery.sent_at.is_not(None) | Delivery.handed_at.is_not(None))  # nobody asks about what did not leave
    )
    for contact_id, enrolment_id, sequence, step, state, priority, sent_at, handed_at in session.execute(touches):
        pasts[contact_id].touches.append(Touch(enrolment_id, sequence, step, state, priority, sent_at or handed_at))
    active = select(Enrolment.contact_id, Enrolment.sequence).where(
        among(Enrolment.contact_id, contact_ids), Enrolment.state == "active"
    )
    for contact_id, sequence in session.execute(active):
        pasts[contact_id].inside.add(sequence)
    for contact_id, topics in read_consents(session, contact_ids).items():
        pasts[contact_id].consented = topics
    if known := concerned(session, contact_ids):
        for contact_id, referral in read_referrals(session, known).items():
            pasts[contact_id].referral = referral
    return pasts


def read_consents(session: Session, contact_ids: Collection[int]) -> dict[int, dict[str, datetime | None]]:
    """The topics each contact has agreed to and not taken back since, each with when that ends."""
    acts: dict[int, list[tuple[str | None, str, datetime | None]]] = defaultdict(list)
    for contact_id, topic, act, ends in read(session, CONSENTS, ids=listed(contact_ids)):
        acts[contact_id].append((topic, act, ends))
    return {contact_id: agreed(own) for contact_id, own in acts.items()}


def read_standings(session: Session, contacts: Collection[Contact], now: datetime) -> dict[int, Standing]:
    """What each contact wishes to get, for `service.domain.consent.may_email`."""
    ids = [contact.id for contact in contacts]
    consents = read_consents(session, ids)
    suppressed: dict[int, list[Suppressed]] = defaultdict(list)
    for contact_id, topic, reason, at in read(session, SUPPRESSIONS, ids=listed(ids), now=now):
        suppressed[contact_id].append(Suppressed(topic, reason, at))
    return {
        each.id: standing_of(
            suppressed.get(each.id, ()), consents.get(each.id, {}), each.stage, each.client_since, each.dealt_at
        )
        for each in contacts
    }


def date_of(enrolment: Enrolment | Draft | Inside | Way) -> Moment | None:
    """What the enrolment's dated steps count from."""
    return Moment(enrolment.date_at, enrolment.date_is_day) if enrolment.date_at else None


def facts_of(
    business: Business, contact: Contact | Reader, enrolment: Enrolment | Draft | Inside, past: Past, now: datetime
) -> Facts:
    """Everything that a decision about one enrolment may look at."""
    return Facts(
        business=business,
        enrolment_id=enrolment.id,
        sequence=enrolment.sequence,
        entered_at=enrolment.entered_at,
        now=now,
        zone=zone_of(contact, business),
        contact=contact_facts(contact),
        event=enrolment.data.get("event", {}),
        form=enrolment.data.get("form", {}),
        happenings=tuple(past.happenings),
        touches=tuple(past.touches),
        consented=frozenset(name for name, ends in past.consented.items() if ends is None or now < ends),
        inside=frozenset(past.inside),
        arm=enrolment.arm,
        referral=past.referral,
        date=date_of(enrolment),
        about=enrolment.about,
        began_by=enrolment.began_by,
        seed=seed_of(contact),
        caught_up_at=contact.caught_up_at,
    )


def records_of(business: Business, contact: Reader, enrolment: Inside, now: datetime) -> Records:
    """What words that call nothing may name: it takes no past."""
    return Records(
        business=business,
        contact=contact_facts(contact),
        event=enrolment.data.get("event", {}),
        form=enrolment.data.get("form", {}),
        referral=NOBODY,
        date=date_of(enrolment),
        arm=enrolment.arm,
        now=now,
        zone=zone_of(contact, business),
    )


def read_contacts(session: Session, ids: Iterable[int]) -> dict[int, Contact]:
    """Contacts by id."""
    return {contact.id: contact for contact in session.scalars(select(Contact).where(among(Contact.id, [*ids])))}
