"""What verdicts ask of people is read for many of them at once, and as it was told."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy.orm import Session

from service.domain.consent import Standing, Suppressed
from service.store.contact import Consent, Contact, Suppression
from service.store.event import Event
from service.store.judged import read_bookings, read_judged
from tests.domain.stories import at

NOW = at("2026-11-20 10:00")
DAY = timedelta(days=1)
TIPS, OFFERS = "Tips and ideas", "Offers"


def someone(session: Session, name: str, stage: str = "lead") -> Contact:
    email = f"{name}@glow.example"
    contact = Contact(
        email=email, email_key=email, address_hash=name.encode(), stage=stage, created_at=NOW, updated_at=NOW
    )
    session.add(contact)
    session.flush()
    return contact


def agree(session: Session, contact: Contact, topic: str | None, act: str) -> None:
    session.add(Consent(contact_id=contact.id, topic=topic, act=act, basis="consent", at=NOW, source="api"))
    session.flush()


def tell(session: Session, contact: Contact, name: str, days: int, **more: object) -> None:
    session.add(Event(contact_id=contact.id, name=name, at=NOW - days * DAY, **more))
    session.flush()


def test_a_standing_is_what_stands_after_all_that_somebody_agreed_to_and_took_back(session: Session) -> None:
    ana, ben = someone(session, "ana"), someone(session, "ben", "client")
    for topic, act in ((TIPS, "confirmed"), (None, "withdrawn"), (OFFERS, "requested"), (OFFERS, "confirmed")):
        agree(session, ana, topic, act)
    judged = read_judged(session, {ana.id, ben.id}, NOW)
    assert judged.standings == {
        ana.id: Standing((), frozenset({OFFERS}), False),
        ben.id: Standing((), frozenset(), True),
    }
    assert judged.people[ana.id].address_hash == b"ana"
    assert judged.complaints == {}


def test_only_a_suppression_in_force_stands_against_somebody(session: Session) -> None:
    ana = someone(session, "ana")
    lines = {TIPS: None, OFFERS: NOW - DAY, None: NOW + DAY}  # by topic: until when
    session.add_all(
        Suppression(address_hash=b"ana", topic=topic, reason="bounced", source="mail", at=NOW, expires_at=until)
        for topic, until in lines.items()
    )
    session.flush()
    found = read_judged(session, [ana.id], NOW).standings[ana.id].suppressed
    assert set(found) == {Suppressed(TIPS, "bounced", NOW), Suppressed(None, "bounced", NOW)}


def test_a_complaint_is_open_until_it_was_resolved(session: Session) -> None:
    ana, ben = someone(session, "ana"), someone(session, "ben")
    tell(session, ana, "complaint.resolved", 1)  # told before what it resolves, and later than it
    tell(session, ana, "complaint.raised", 2)
    tell(session, ben, "complaint.resolved", 4)
    tell(session, ben, "complaint.raised", 3)
    assert read_judged(session, [ana.id, ben.id], NOW).complaints == {ben.id: NOW - 3 * DAY}


def test_bookings_are_read_whatever_else_a_business_sent_with_them(session: Session) -> None:
    ana, ben = someone(session, "ana"), someone(session, "ben")
    tell(session, ana, "visit.completed", 40, data={"service": "Cut", "number": 10**400}, key="v1")
    tell(session, ana, "appointment.booked", 1, data={"starts": "2026-12-01T10:00:00Z"}, about="a1")
    tell(session, ana, "purchase", 1)
    found = read_bookings(session, [ana.id, ben.id], "visit.completed")
    assert [(each.name, each.at, each.about, each.key) for each in found.pop(ana.id)] == [
        ("visit.completed", NOW - 40 * DAY, None, "v1"),
        ("appointment.booked", NOW - DAY, "a1", "a1"),
    ]
    assert not found
