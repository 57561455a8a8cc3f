"""A house whose sequences are written in the language, as marketers do."""

from __future__ import annotations

from datetime import datetime
from textwrap import dedent
from typing import Any

from sqlalchemy import Engine, select

from service.actions.change_contact import Changes, change_contact
from service.actions.receive_event import Seen, receive_event
from service.domain.sequence.library import read_library
from service.domain.sequence.model.library import Library
from service.domain.sequence.model.problem import Severity
from service.ports import Published
from service.store.contact import Contact, lock_contacts
from service.store.delivery import Delivery, State
from service.store.enrolment import Enrolment
from service.store.publication import Publication
from service.store.task import Task
from tests.actions.house import KEY, House
from tests.domain.stories import BERLIN

BUSINESS = """
name: Glow Studio
from: Mia at Glow Studio <mia@glow.example>
address: Lindenweg 4, 10969 Berlin
time zone: Europe/Berlin
window: Mon-Sun 08:00-20:00
people: {front-desk: desk@glow.example, owner: mia@glow.example}
topics:
  Tips and ideas: {}
  Your visits: {basis: service}
  Your project: {basis: client}
fields: {anniversary: month-day, wish: text, review_date: date}
rhythm:
  visit.completed: {Cut: 6 weeks, else: 6 weeks}
forms: {checklist: {topics: [Tips and ideas]}}
coupons: {TREAT: {}}
calendar: {mothers-day: [2027-05-09]}
"""
ON_SIGNUP = """
---
title: Welcome
stage: onboarding
topic: Tips and ideas
enrol:
  on: signup
{more}---
"""
ON_BOOKING = """
---
title: Your appointment
stage: rebooking
kind: service
topic: Your visits
enrol:
  on: event appointment.booked
  again: always
date: event.starts
{more}---
"""
APPOINTMENT = (
    ON_BOOKING.format(more="stop:\n  - same: appointment.cancelled\n")
    + """
## 1 day before at 10:00: tomorrow
Subject: See you tomorrow at {{ date | time }}

Until then?

## 2 hours after: thanks
Subject: Thank you

How was it?
"""
)


def library_of(**sequences: str) -> Library:
    """The sequences by key (`_` stands for `-`), each as text, with the business above."""
    files = {"sequences/business.yaml": BUSINESS.encode()}
    for key, text in sequences.items():
        files[f"sequences/{key.replace('_', '-')}.md"] = dedent(text).lstrip().encode()
    library, problems = read_library(files)
    errors = [str(problem) for problem in problems if problem.severity is Severity.ERROR]
    assert library is not None, errors
    assert not errors, errors
    return library


class Written(House):
    """What may happen to the people of such a house, at the time that is set."""

    def __init__(self, engine: Engine, **sequences: str) -> None:
        library = library_of(**sequences)
        super().__init__(engine, *library.sequences, business=library.business)

    def republish(self, **sequences: str) -> None:
        with self.begin() as session:
            publication = Publication(digest=f"after {self.published.id}")
            session.add(publication)
            session.flush()
            self.published = Published(publication.id, library_of(**sequences))

    def tell(
        self,
        contact_id: int,
        name: str,
        about: str | None = None,
        at: datetime | None = None,
        key: str | None = None,
        **data: Any,
    ) -> int | None:
        with self.begin() as session:
            lock_contacts(session, [contact_id])
            contact = session.get_one(Contact, contact_id)
            seen = Seen(name, at or self.now, key, about, data)
            return receive_event(session, self.published, contact, seen, self.now)

    def change(self, contact_id: int, **changes: Any) -> None:
        with self.begin() as session:
            lock_contacts(session, [contact_id])
            contact = session.get_one(Contact, contact_id)
            change_contact(session, self.published, KEY, contact, Changes(**changes), self.now)

    def enrolments(self, contact_id: int, sequence: str | None = None) -> list[Enrolment]:
        with self.begin() as session:
            query = select(Enrolment).where(Enrolment.contact_id == contact_id).order_by(Enrolment.id)
            return list(session.scalars(query.where(Enrolment.sequence == sequence) if sequence else query))

    def tasks(self) -> list[Task]:
        with self.begin() as session:
            return list(session.scalars(select(Task).order_by(Task.id)))

    def live_until(self, until: datetime) -> None:
        """Go from one instant at which something is due to the next, as journey time does."""
        self.work()
        while True:
            upcoming = self.next_wake()
            if upcoming is None or upcoming > until:
                break
            self.work(upcoming)
        self.work(until)

    def sent(self, contact_id: int) -> list[tuple[str, str]]:
        """(local time, step) of the mails that left to a contact, in their order."""
        which = (Delivery.contact_id == contact_id, Delivery.state == State.SENT, Delivery.staff_to.is_(None))
        with self.begin() as session:
            rows = session.scalars(select(Delivery).where(*which).order_by(Delivery.sent_at, Delivery.id))
            return [(f"{row.sent_at.astimezone(BERLIN):%Y-%m-%d %H:%M}", row.step) for row in rows if row.sent_at]
