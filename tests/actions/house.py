"""A small business over a real database, for the tests of actions: time is set, a postman notes the mails."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import Engine, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, sessionmaker

from service.actions.advance import advance
from service.actions.arbitrate import arbitrate
from service.actions.deliver import deliver
from service.actions.lease import Lease
from service.actions.look_after_referrals import look_after_referrals
from service.actions.look_after_tasks import look_after_tasks
from service.actions.put_into_words import Desk
from service.actions.reap import reap
from service.actions.sign_up import Evidence, SignedUp, sign_up
from service.actions.sunset import leave_in_peace
from service.domain.contact import read_address
from service.domain.sequence.model.business import Business, Topic
from service.domain.sequence.model.form import Form
from service.domain.sequence.model.library import Library
from service.domain.sequence.model.sequence import Sequence as Journey
from service.ports import Letter, Meanwhile, Message, Outcome, Published, Sent, Unrenderable, nothing
from service.store.delivery import Delivery
from service.store.enrolment import Enrolment
from service.store.journey import JourneyClock
from service.store.publication import Publication
from service.store.task import Task
from tests.domain.stories import BUSINESS, at, day, letters, step

KEY = b"k" * 32
FORM = Form("checklist", topics=("Tips and ideas",))
NOW = at("2026-11-20 10:00")  # a Friday, eleven in the morning in Berlin


@dataclass
class Postman:
    """A provider that takes everything, or answers what it is told to, and remembers in which order."""

    name: str = "postman"
    answers: dict[str, Outcome] = field(default_factory=dict)
    taken: list[Message] = field(default_factory=list)

    def send(
        self, messages: Sequence[Message], start_by: float, at_once: int = 0, meanwhile: Meanwhile = nothing
    ) -> list[Outcome]:
        return [self._send(message) for message in messages]

    def _send(self, message: Message) -> Outcome:
        answer = self.answers.get(message.recipient, Sent("taken"))
        if isinstance(answer, Sent):
            self.taken.append(message)
        return answer

    def close(self) -> None: ...


class Clerk:
    """A renderer that writes the step's key, and can't put into words what it is told not to."""

    def __init__(self) -> None:
        self.wordless: set[str] = set()

    def render(self, letter: Letter) -> Message:
        if letter.step in self.wordless:
            raise Unrenderable("contact.first_name is empty.")
        return Message(
            letter.delivery_id, letter.message_id, "mia@glow.example", letter.recipient, letter.step.encode()
        )


class House:
    """What a test does: people sign up, time passes, work is done."""

    def __init__(self, engine: Engine, *journeys: Journey, business: Business | None = None) -> None:
        topics = (Topic("Tips and ideas"), Topic("Your project", "client"), Topic("Your appointments", "service"))
        whole = business or replace(BUSINESS, topics=topics, forms=(FORM,))
        self.sessions = sessionmaker(engine, expire_on_commit=False)
        self.postman, self.clerk = Postman(), Clerk()
        with self.begin() as session:
            publication = Publication(digest="test")
            session.add(publication)
            session.flush()
            self.published = Published(publication.id, Library(whole, journeys))
        self.set_time(NOW)

    @contextmanager
    def begin(self) -> Iterator[Session]:
        with self.sessions.begin() as session:
            yield session

    def set_time(self, now: datetime) -> None:
        self.now = now
        with self.begin() as session:
            row = insert(JourneyClock).values(id=1, at=now)
            session.execute(row.on_conflict_do_update(index_elements=["id"], set_={"at": now}))

    def sign_up(self, email: str = "ana@example.org", **fields: str) -> SignedUp:
        with self.begin() as session:
            evidence = Evidence("203.0.113.7", "Firefox", "https://glow.example/", "Yes, please.")
            address = read_address(email)
            return sign_up(session, self.published, KEY, FORM, address, fields, evidence, self.now)

    def decide(self) -> None:
        """Everything up to a cleared mail."""
        with self.begin() as session:
            reap(session, self.published)
        moved = True
        while moved:
            with self.begin() as session:
                moved = bool(look_after_tasks(session, self.published, self.now))
            with self.begin() as session:
                moved = bool(look_after_referrals(session, self.published, self.now)) or moved
            with self.begin() as session:
                moved = bool(leave_in_peace(session, self.published, self.now)) or moved
            with self.begin() as session:
                moved = bool(advance(session, self.published, self.now)) or moved
            with self.begin() as session:
                moved = bool(arbitrate(session, self.published, self.now)) or moved

    def desk(self, group: int = 25) -> Desk:
        return Desk(self.begin, lambda: self.published, self.clerk, self.postman, group)

    def deliver(self) -> int:
        return deliver(self.desk(), Lease(), lambda: False)

    def work(self, now: datetime | None = None) -> None:
        """Set the time, and do all that is due then."""
        if now is not None:
            self.set_time(now)
        self.decide()
        while self.deliver():
            self.decide()

    def next_wake(self) -> datetime | None:
        """When something comes due next, after now."""
        columns = (
            (Enrolment.wake_at, Enrolment.state.in_(("active", "awaited"))),
            (Delivery.wake_at, Delivery.state.in_(("due", "held"))),
            (Task.wake_at, Task.state == "open"),
        )
        with self.begin() as session:
            found = [
                session.scalar(select(func.min(column)).where(column > self.now, under_way))
                for column, under_way in columns
            ]
        return min((each for each in found if each is not None), default=None)

    def mails(self) -> list[tuple[str, str]]:
        """(recipient, step) of what the postman took, in order."""
        return [(message.recipient, message.raw.decode()) for message in self.postman.taken]

    def touches(self, contact_id: int) -> list[tuple[str, str, str | None]]:
        """(step, state, reason) of a contact's deliveries, in order."""
        with self.begin() as session:
            rows = session.scalars(select(Delivery).where(Delivery.contact_id == contact_id).order_by(Delivery.id))
            return [(row.step, str(row.state), row.reason) for row in rows]

    def states(self, contact_id: int) -> dict[str, str]:
        return {step: state for step, state, _ in self.touches(contact_id)}

    def enrolment(self, contact_id: int) -> Enrolment:
        with self.begin() as session:
            return session.scalars(select(Enrolment).where(Enrolment.contact_id == contact_id)).one()

    def end_leases(self) -> None:
        with self.begin() as session:
            session.execute(update(Delivery).values(lease_until=at("2020-01-01 00:00")))


def cleared(engine: Engine, people: int) -> House:
    """One with so many people, whose first mail is cleared."""
    house = House(engine, letters(step("hello", day(0))))
    for number in range(people):
        house.sign_up(f"person{number}@example.org")
    house.decide()
    return house
