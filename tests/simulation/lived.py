"""A scenario lived for real: the actions over PostgreSQL, the clock set to each instant at which something is due.

What is taken for granted about colleagues is the simulator's own (`settlement_of`); everything that follows is not.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from secrets import token_hex
from typing import Any

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from service.actions.answer import answer
from service.actions.ask_to_confirm import ask_to_confirm
from service.actions.confirm import confirm
from service.actions.expect import expect_dates
from service.actions.join import join
from service.actions.less_often import wish_less_often
from service.actions.lighten import lighten
from service.actions.pause import pause
from service.actions.receive_event import Seen, receive_event
from service.actions.settle_task import TaskOver, settle_task, skip_task
from service.actions.sign_up import Evidence, sign_up
from service.actions.tell import Told, tell
from service.actions.unsubscribe import unsubscribe
from service.domain.contact import address_hash, read_address
from service.domain.happening import Happening
from service.domain.hit import Class
from service.domain.hit import Kind as HitKind
from service.domain.scenario import Scenario
from service.domain.sequence.model.library import Library
from service.domain.simulation.calendar import STATES, kind_of
from service.domain.simulation.settlement import SKIPPED, outcome_of, settlement_of
from service.domain.sunset import silence_ends
from service.domain.system_mail import SystemMail
from service.domain.task import Times
from service.store.contact import Consent, Contact, lock_contacts
from service.store.decision import Decision
from service.store.delivery import Delivery, State
from service.store.enrolment import Enrolment, of_a_sequence
from service.store.event import Hit
from service.store.history import CONTACT_FIELDS
from service.store.referral import Referral
from service.store.task import Task
from tests.actions.house import KEY, House

WORDS = ("task.done", "task.skipped")
Wait = tuple[datetime, str, str, datetime | None]


@dataclass(frozen=True)
class Touched:
    """A touch as both tell of it; `enrolment` by its number among those of the same life.

    `waits` are the decisions that held it: (when, rule, sentence, until).
    """

    at: datetime
    sequence: str
    step: str
    kind: str
    state: str
    reason: str
    enrolment: int
    waits: tuple[Wait, ...] = ()


@dataclass
class Settlement:
    task: int
    at: datetime
    word: Happening | None


class Lived(House):
    """One person's life. `agreed` are the topics agreed to from the beginning."""

    def __init__(self, engine: Engine, library: Library, scenario: Scenario, start: datetime) -> None:
        super().__init__(engine, *library.sequences, business=library.business)
        self.library, self.scenario = library, scenario
        self.words = [event for event in scenario.events if event.name in WORDS]
        self.script = [event for event in scenario.events if event.name not in WORDS]
        self.settlements: list[Settlement] = []
        self.planned: set[int] = set()
        self.friends: dict[str, int] = {}
        self.set_time(min([start, *(event.at for event in scenario.events[:1])]))
        with self.begin() as session:
            self.ana = self._arrive(session)

    @property
    def seed(self) -> str:
        return address_hash(KEY, read_address(self.scenario.contact["email"]).key).hex()

    def _arrive(self, session: Session) -> int:
        known, first = dict(self.scenario.contact), next(iter(self.scenario.events), None)
        if known["source"] is None and first is not None and first.name == "signup":
            known["source"] = f"form:{first.data['form']}"
        address = read_address(known["email"])
        own = {name: value for name, value in known.items() if name not in CONTACT_FIELDS and value is not None}
        contact = Contact(
            email_key=address.key,
            address_hash=address_hash(KEY, address.key),
            fields=own,
            created_at=self.now,
            updated_at=self.now,
            **{name: known[name] for name in CONTACT_FIELDS},
        )
        session.add(contact)
        session.flush()
        for topic in self.scenario.consents or ():
            session.add(self._consent(contact.id, topic))
        session.flush()
        expect_dates(session, self.published, contact, self.now)
        return contact.id

    def _consent(self, contact_id: int, topic: str) -> Consent:
        return Consent(contact_id=contact_id, topic=topic, act="confirmed", basis="consent", at=self.now, source="test")

    def live(self, until: datetime) -> None:
        """From one instant to the next, as the simulator goes."""
        at: datetime | None = self.now
        while at is not None and at < until:
            self.set_time(at)
            while self.script and self.script[0].at <= at:
                self._happen(self.script.pop(0))
            self._settle_all()
            found = [
                self.next_wake(),
                self._silence_over(),
                *(each.at for each in (*self.script, *self.words, *self.settlements)),
            ]
            at = min((each for each in found if each is not None and each > self.now), default=None)

    def _silence_over(self) -> datetime | None:
        """When a worker would find that whoever was asked to stay has been silent for long enough."""
        with self.begin() as session:
            asked_at = session.get_one(Contact, self.ana).sunset_at
        return silence_ends(asked_at, self.library.business.throttle.sunset) if asked_at is not None else None

    def _settle_all(self) -> None:
        while True:
            for each in [each for each in self.settlements if each.at <= self.now]:
                self.settlements.remove(each)
                self._settle(each)
            self.work()
            self._note_tasks()
            if not any(each.at <= self.now for each in self.settlements):
                return

    def _note_tasks(self) -> None:
        with self.begin() as session:
            query = select(Task, Enrolment.sequence, Delivery).join(Enrolment, Enrolment.id == Task.enrolment_id)
            query = query.outerjoin(Delivery, Delivery.id == Task.delivery_id).order_by(Task.id)
            for task, sequence, touch in session.execute(query.where(Task.id.not_in(self.planned))):
                ends = touch.expires_at if touch else datetime.max.replace(tzinfo=self.now.tzinfo)
                times = Times(task.due_at, ends)
                step = touch.step if touch else None
                at, word = settlement_of(sequence, step, task.opened_at, times, self.words)
                self.settlements.append(Settlement(task.id, at, word))
                self.planned.add(task.id)

    def _settle(self, settlement: Settlement) -> None:
        word, data = settlement.word, dict(settlement.word.data) if settlement.word else {}
        with self.begin() as session:
            task = session.get_one(Task, settlement.task)
            touch = session.get(Delivery, task.delivery_id) if task.delivery_id else None
            sequence = self.library.sequence(session.get_one(Enrolment, task.enrolment_id).sequence)
            assert sequence is not None
            step = sequence.step(touch.step) if touch else None
            outcome, who = outcome_of(step, self.library.business.languages[0], word), task.assignee
            asked = {name: data[name] for name in (step.task.ask if step and step.task else ()) if data.get(name)}
            try:
                if word is not None and word.name == SKIPPED:
                    skip_task(session, self.published, task.id, who, data.get("note"), self.now)
                    return
                settle_task(session, self.published, task.id, who, outcome, data.get("note"), asked, self.now)
            except TaskOver:
                return

    def _happen(self, event: Happening) -> None:
        with self.begin() as session:
            lock_contacts(session, [self.ana])
            contact = session.get_one(Contact, self.ana)
            data = dict(event.data)
            match event.name:
                case "signup":
                    self._sign_up(session, contact, str(data.pop("form")), data)
                case "click":
                    self._click(session, contact, data)
                case "answer":
                    mail = self._mail(session, data)
                    if mail is not None:
                        answer(session, self.published, mail, str(data["value"]), data.get("note"), self.now)
                case "open":
                    self._open(session, data)
                case "less-often":
                    wish_less_often(session, self.published, self.ana, data.get("wish") != "no", self.now)
                case "pause":
                    pause(session, self.published, self.ana, int(data["days"]), self.now)
                case "unsubscribed":
                    unsubscribe(session, self.published, self.ana, self.now, topic=data.get("topic") or None)
                case name if name.startswith("referral."):
                    self._refer(session, contact, event)
                case _:
                    currency = data.pop("currency", None)
                    at, key, about = event.at, event.key or None, event.about
                    told = Told(self.ana, event.name, at, key, about, data, event.value, currency)
                    tell(session, self.published, [told], self.now)

    def _sign_up(self, session: Session, contact: Contact, slug: str, fields: dict[str, Any]) -> None:
        form = self.library.business.form(slug)
        assert form is not None
        address = read_address(contact.email)
        if not form.double_opt_in:
            sign_up(session, self.published, KEY, form, address, fields, Evidence(), self.now)
            return
        ask_to_confirm(session, self.published, KEY, form, address, fields, Evidence(), self.now)
        asked = (Enrolment.sequence == SystemMail.CONFIRM, Enrolment.state == "active")
        for number in session.scalars(select(Enrolment.id).where(*asked)).all():
            confirm(session, self.published, KEY, number, Evidence(), self.now)

    def _click(self, session: Session, contact: Contact, data: dict[str, Any]) -> None:
        mail = self._mail(session, data)
        topic = self.library.business.topic(str(data.get("topic")))
        if mail is None:
            return
        if topic is not None:
            join(session, self.published, self.ana, mail, topic, Evidence(), self.now)
            return
        told = {"sequence": data["sequence"], "step": data["step"]}
        told["enrolment"] = session.get_one(Delivery, mail).enrolment_id
        receive_event(session, self.published, contact, Seen("click", self.now, key=token_hex(8), data=told), self.now)

    def _open(self, session: Session, data: dict[str, Any]) -> None:
        """A hit that was judged to be a person's."""
        mail = self._mail(session, data)
        if mail is not None:
            told = {"delivery_id": mail, "kind": HitKind.OPEN, "nonce": token_hex(8), "verdict": Class.HUMAN}
            session.add(Hit(**told, at=self.now, journey_at=self.now, rule="seen", ruleset=1))
            session.flush()
            lighten(session, self.published, [self.ana], self.now)

    def _mail(self, session: Session, data: dict[str, Any]) -> int | None:
        newest = select(Delivery.id).join(Enrolment, Enrolment.id == Delivery.enrolment_id)
        of = (Enrolment.sequence == data["sequence"], Delivery.step == data["step"], Delivery.state == State.SENT)
        return session.scalar(newest.where(*of).order_by(Delivery.sent_at.desc(), Delivery.id.desc()).limit(1))

    def _refer(self, session: Session, contact: Contact, event: Happening) -> None:
        """The friend is somebody real; what is told of them is what `service.actions.refer` tells."""
        name = str(event.data["friend"])
        if name not in self.friends:
            address = read_address(f"{name.lower()}@example.org")
            friend = Contact(email=address.email, email_key=address.key, first_name=name, tags=[], fields={})
            friend.address_hash, friend.created_at, friend.updated_at = b"x", self.now, self.now
            session.add(friend)
            session.flush()
            session.add(Referral(referrer_id=self.ana, friend_id=friend.id, joined_at=self.now))
            session.flush()
            self.friends[name] = session.scalar(select(func.max(Referral.id))) or 0
        referral = session.get_one(Referral, self.friends[name])
        moment = {"referral.qualified": "qualified_at", "referral.rewarded": "rewarded_at"}.get(event.name)
        if moment:
            setattr(referral, moment, self.now)
        session.flush()
        about = f"referral:{referral.id}"
        told = Seen(event.name, self.now, key=about, about=about, data=dict(event.data))
        receive_event(session, self.published, contact, told, self.now)

    def seen(self) -> list[Touched]:
        """What became of every touch, as the simulator shows it."""
        of_ana = (Delivery.contact_id == self.ana, Delivery.staff_to.is_(None), Delivery.state != State.PLANNED)
        with self.begin() as session:
            query = select(Delivery, Enrolment.sequence).join(Enrolment, Enrolment.id == Delivery.enrolment_id)
            rows = session.execute(query.where(*of_ana, of_a_sequence())).all()
            waits = self._waits(session)
        return [self._seen(row, sequence, waits[row.id]) for row, sequence in rows]

    def _waits(self, session: Session) -> dict[int, list[Wait]]:
        """Every decision that held a mail, as it is kept."""
        waits: dict[int, list[Wait]] = defaultdict(list)
        for each in session.scalars(select(Decision).where(Decision.verdict == "held").order_by(Decision.id)):
            waits[each.delivery_id].append((each.at, each.rule, each.sentence, each.until))
        return waits

    def _seen(self, row: Delivery, sequence: str, waits: list[Wait]) -> Touched:
        written = self.library.sequence(sequence)
        step = written.step(row.step) if written else None
        assert step is not None
        at = row.sent_at or (row.wake_at if row.state == State.HELD else None) or row.due_at
        state = STATES.get(row.state, str(row.state))
        return Touched(at, sequence, row.step, kind_of(step), state, row.reason or "", row.enrolment_id, tuple(waits))
