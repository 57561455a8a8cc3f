"""Tasks and questions in the tests of pages and API: a touch is made as the engine makes it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from secrets import token_hex
from typing import Any

from sqlalchemy import select

from service.actions.open_task import open_task
from service.actions.publish import Edition, publish
from service.actions.sign_up import upsert_contact
from service.domain.contact import read_address
from service.runtime import Runtime
from service.store.contact import Contact
from service.store.delivery import Delivery, State
from service.store.enrolment import Enrolment
from service.store.journey import journey_now

BUSINESS = """
name: Glow Studio
from: Mia at Glow Studio <mia@glow.example>
address: Lindenweg 4, 10969 Berlin
time zone: Europe/Berlin
languages: [en, de]
people:
  front-desk: desk@glow.example
  owner: mia@glow.example
topics:
  After your visit: {basis: client}
  Your appointments: {basis: service}
links:
  booking: https://glow.example/book
fields:
  wish: text
  visits: number
  vegan: yes-no
  anniversary: month-day
  review_date: date
  prefers: [email, phone, text]
  lead: person
"""
AFTER = """---
title: How was it?
stage: rebooking
kind: check-in
topic: After your visit
enrol:
  on: manual
---

## Day 2 at 11:00: how was it

Subject: How is your hair, {{ contact.first_name or "two days later" }}?
Preview: One tap is enough

The second wash tells the truth.

[I **love** it](answer:happy "button")

[Something isn't right](answer:unhappy "button")

## 10 minutes later: listen

Task: call
Assign: front-desk
Due: 1 day
Cost: 8.00
Ask: wish, visits, vegan, anniversary, review_date, prefers, lead, phone

{{ contact.first_name or contact.email }} is not happy{% if contact.company %} at {{ contact.company }}{% endif %}.
Call, **listen**, offer [a new appointment](link:booking).

- Don't explain.
- Write down what they wish.

[Reached](answer:reached) [Voicemail](answer:voicemail) [Please not again](answer:never)

## 1 day later: a card

Task: card
Assign: owner

A handwritten card.
"""
GERMAN = """---
title: Wie war es?
---

## how-was-it

Subject: Wie sind deine Haare, {{ contact.first_name or "zwei Tage später" }}?
Preview: Ein Tipp genügt

Die zweite Wäsche sagt die Wahrheit.

[Ich **liebe** sie](answer:happy "button")

[Etwas stimmt nicht](answer:unhappy "button")
"""
FILES = {
    "sequences/business.yaml": BUSINESS.encode(),
    "sequences/after.md": AFTER.encode(),
    "sequences/after.de.md": GERMAN.encode(),
}


def publish_all(runtime: Runtime, files: Mapping[str, bytes] = FILES) -> None:
    """Publish, and let the runtime look at once."""
    with runtime.session() as session:
        publish(session, Edition(files, set()))
    runtime._looked = 0.0


def save_ana(runtime: Runtime) -> int:
    """Ana, a client; her id."""
    with runtime.session() as session:
        address, now = read_address("ana@example.org"), journey_now(session)
        ana, _ = upsert_contact(session, runtime.hash_key, address, {"first_name": "Ana"}, now, source="test")
        ana.stage = "client"
        return ana.id


def touch(runtime: Runtime, contact_id: int, step: str, state: State, **columns: Any) -> int:
    """A row of the contact's enrolment in `after`, which is made where there is none; its id."""
    with runtime.session() as session:
        now = journey_now(session)
        inside = select(Enrolment).where(Enrolment.contact_id == contact_id, Enrolment.sequence == "after")
        enrolment = session.scalars(inside).first()
        if enrolment is None:
            enrolment = Enrolment(contact_id=contact_id, sequence="after", trigger_key="once", state="active")
            enrolment.entered_at, enrolment.passed, enrolment.data = now, [], {}
            session.add(enrolment)
            session.flush()
        row = Delivery(enrolment_id=enrolment.id, contact_id=contact_id, step=step, priority=1, state=state)
        row.due_at, row.message_id = now, f"<{token_hex(8)}@glow.example>"
        for name, value in columns.items():
            setattr(row, name, value)
        session.add(row)
        session.flush()
        return row.id


def mail(runtime: Runtime, contact_id: int, step: str = "how-was-it") -> int:
    """A mail that has left; the id of its delivery."""
    with runtime.session() as session:
        now: datetime = journey_now(session)
    return touch(runtime, contact_id, step, State.SENT, sent_at=now, handed_at=now)


def task(runtime: Runtime, contact_id: int, step: str = "listen") -> int:
    """A task that has just opened; its id."""
    touch_id = touch(runtime, contact_id, step, State.OPEN)
    published = runtime.published()
    with runtime.session() as session:
        row = session.get_one(Delivery, touch_id)
        enrolment, contact = session.get_one(Enrolment, row.enrolment_id), session.get_one(Contact, contact_id)
        sequence = published.library.sequence("after")
        written = sequence.step(step) if sequence else None
        assert written is not None
        return open_task(session, published, enrolment, contact, written, row, journey_now(session)).id
