"""A business whose people have tasks, over a real database: a touch is opened as the engine opens it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from secrets import token_hex
from typing import Any

from sqlalchemy import Engine, select

from service.actions.open_task import open_task
from service.actions.sign_up import upsert_contact
from service.domain.contact import read_address
from service.domain.sequence.model.business import Business, Topic
from service.domain.sequence.model.duration import Duration, Unit
from service.domain.sequence.model.step import Action, Step, TaskField
from service.domain.sequence.model.words import Body
from service.store.contact import Consent, Contact
from service.store.delivery import Delivery, State
from service.store.enrolment import Enrolment
from service.store.event import Event
from service.store.history import facts_of, read_pasts
from service.store.task import Task
from tests.actions.house import KEY, NOW, House
from tests.domain.stories import BUSINESS, HERE, day, letters, step

PEOPLE = (("front-desk", "desk@glow.example"), ("owner", "mia@glow.example"))
FIELDS = (("wish", "text"), ("visits", "number"), ("lead", "person"), ("prefers", ("email", "phone")))
WORDS = "Call and ask. [Reached](answer:reached) [Never again](answer:never)"
CALL = TaskField("call", "front-desk", Duration.of(2, Unit.DAYS), Decimal("6.00"), ("wish", "visits", "phone"))


def task_step(key: str = "a-call", task: TaskField = CALL, words: str = WORDS, *actions: Action, **more: Any) -> Step:
    body = Body((("text", None, words),), ()) if words else None
    return replace(step(key, day(3)), subjects=(), task=task, body=body, actions=actions, **more)


def action(verb: str, text: str) -> Action:
    return Action(verb, text, HERE)


def business(**changes: Any) -> Business:
    topics = (Topic("Tips and ideas"), Topic("Your appointments", "service"))
    return replace(BUSINESS, **({"topics": topics, "people": PEOPLE, "fields": FIELDS} | changes))


class FrontDesk(House):
    """A house with Ana in it, who has agreed to `Tips and ideas`, inside `letters`."""

    def __init__(self, engine: Engine, *steps: Step, **changes: Any) -> None:
        super().__init__(engine, letters(*(steps or (task_step(),))), business=business(**changes))
        with self.begin() as session:
            contact, _ = upsert_contact(
                session, KEY, read_address("ana@example.org"), {"first_name": "Ana"}, NOW, source="test"
            )
            consent = Consent(contact_id=contact.id, topic="Tips and ideas", act="confirmed", basis="consent", at=NOW)
            consent.source = "test"
            session.add(consent)
            self.ana = contact.id
            self.inside = self.enrol(session, contact)

    def enrol(self, session: Any, contact: Contact) -> int:
        enrolment = Enrolment(
            contact_id=contact.id,
            sequence="letters",
            trigger_key=token_hex(4),
            state="active",
            entered_at=NOW,
            passed=[],
            data={},
        )
        session.add(enrolment)
        session.flush()
        return int(enrolment.id)

    def touch(self, key: str, state: State, **columns: Any) -> int:
        """A delivery row of Ana's enrolment."""
        with self.begin() as session:
            row = Delivery(
                enrolment_id=self.inside,
                contact_id=self.ana,
                step=key,
                priority=4,
                state=state,
                due_at=self.now,
                message_id=f"<{token_hex(8)}@glow.example>",
                **columns,
            )
            session.add(row)
            session.flush()
            return int(row.id)

    def open(self, key: str = "a-call") -> int:
        """The task of a step that has just become due; its id."""
        touch = self.touch(key, State.OPEN)
        with self.begin() as session:
            written = self.published.library.sequences[0].step(key)
            assert written is not None
            enrolment, contact = session.get_one(Enrolment, self.inside), session.get_one(Contact, self.ana)
            delivery = session.get_one(Delivery, touch)
            return open_task(session, self.published, enrolment, contact, written, delivery, self.now).id

    def holds(self, condition: str) -> bool:
        """Whether it does for Ana inside `letters` now."""
        with self.begin() as session:
            contact, enrolment = session.get_one(Contact, self.ana), session.get_one(Enrolment, self.inside)
            past = read_pasts(session, [contact.id])[contact.id]
            return facts_of(self.published.library.business, contact, enrolment, past, self.now).holds(condition)

    def row(self, table: Any, row_id: int) -> Any:
        with self.begin() as session:
            return session.get_one(table, row_id)

    def task(self, task_id: int) -> Task:
        return self.row(Task, task_id)  # type: ignore[no-any-return]

    def touch_of(self, task_id: int) -> Delivery:
        return self.row(Delivery, self.task(task_id).delivery_id or 0)  # type: ignore[no-any-return]

    def staff_mails(self) -> list[Delivery]:
        with self.begin() as session:
            return list(session.scalars(select(Delivery).where(Delivery.staff_to.is_not(None)).order_by(Delivery.id)))

    def events(self, name: str) -> list[Event]:
        with self.begin() as session:
            return list(session.scalars(select(Event).where(Event.name == name).order_by(Event.id)))

    def later(self, now: datetime) -> None:
        self.set_time(now)
