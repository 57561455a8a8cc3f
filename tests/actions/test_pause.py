"""A person asks to hear nothing for a while."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine, select

from service.actions.lease import Lease, take
from service.actions.pause import pause
from service.actions.tell import Told, tell
from service.domain.pause import pause_ends
from service.domain.sequence.model.business import Topic
from service.domain.sequence.model.enrol import Enrol, Trigger
from service.domain.sequence.vocabulary import Kind
from service.store.contact import Contact
from service.store.decision import Decision
from service.store.event import Event
from tests.actions.front_desk import task_step
from tests.actions.house import FORM, NOW, House
from tests.domain.stories import BERLIN, BUSINESS, day, letters, step

DAY = timedelta(days=1)
TIPS = letters(step("hello", day(0), Kind.SERVICE), step("tip", day(3)), step("more", day(40)))
BOOKED = replace(
    letters(step("booked", day(0), Kind.SERVICE), step("prepare", day(1))),
    key="visit",
    topic="Your appointments",
    enrol=Enrol((Trigger("event", "refund"),)),
)


@pytest.fixture
def house(engine: Engine) -> House:
    return House(engine, TIPS, BOOKED)


def ask(house: House, ana: int, days: int) -> None:
    with house.begin() as session:
        pause(session, house.published, ana, days, house.now)


def test_what_comes_due_meanwhile_waits_or_expires_and_then_all_goes_on(house: House) -> None:
    ana = house.sign_up().contact_id
    house.work()
    ask(house, ana, 30)
    house.work(NOW + 3 * DAY)
    assert house.states(ana) == {"hello": "sent", "tip": "held"}
    assert "pause until 20 December 2026" in str(house.touches(ana)[1][2])
    wake = house.next_wake()
    while wake is not None and wake < NOW + 41 * DAY:
        house.work(wake)
        wake = house.next_wake()
    house.work(NOW + 41 * DAY)
    assert house.states(ana) == {"hello": "sent", "tip": "expired", "more": "sent"}, "its end came before the pause's"


def test_whoever_goes_on_gets_what_was_held_at_once(house: House) -> None:
    ana = house.sign_up().contact_id
    house.work()
    ask(house, ana, 90)
    house.work(NOW + 3 * DAY)
    ask(house, ana, 0)
    house.work()
    assert house.states(ana)["tip"] == "sent"
    with house.begin() as session:
        told = session.scalars(select(Event.data).where(Event.name == "pause").order_by(Event.id)).all()
        assert session.get_one(Contact, ana).paused_until is None
        assert session.scalars(select(Decision.rule).where(Decision.rule == "pause")).all() == ["pause"]
    assert told == [{"days": 90}, {"days": 0}]


def test_what_somebody_booked_comes_all_the_same(house: House) -> None:
    ana = house.sign_up().contact_id
    ask(house, ana, 30)
    with house.begin() as session:
        tell(session, house.published, [Told(ana, "refund", NOW)], NOW)
    house.work()
    house.work(NOW + 1 * DAY)
    house.work(NOW + 3 * DAY)
    assert [step for _, step in house.mails()] == ["hello", "booked", "prepare"]


def test_a_mail_that_a_worker_has_taken_does_not_leave_after_it(house: House) -> None:
    ana = house.sign_up().contact_id
    house.work()
    house.set_time(NOW + 3 * DAY)
    house.decide()
    assert house.states(ana)["tip"] == "cleared"
    lease = Lease()
    with house.begin() as session:
        take(session, lease, 10)
    ask(house, ana, 30)
    house.end_leases()
    house.work()
    assert house.states(ana)["tip"] == "held"
    assert [step for _, step in house.mails()] == ["hello"]


def test_a_colleagues_task_opens_during_it(engine: Engine) -> None:
    topics, people = (Topic("Tips and ideas"),), (("front-desk", "desk@glow.example"),)
    business = replace(BUSINESS, topics=topics, forms=(FORM,), people=people)
    house = House(engine, letters(step("hello", day(0), Kind.SERVICE), task_step()), business=business)
    ana = house.sign_up().contact_id
    ask(house, ana, 30)
    house.work()
    house.work(NOW + 3 * DAY)
    assert ("a-call", "open") in [(step, state) for step, state, _ in house.touches(ana)]


def test_the_same_wish_twice_is_told_once_and_a_longer_one_counts(house: House) -> None:
    ana = house.sign_up().contact_id
    for days in (30, 30, 90, 0, 0):
        ask(house, ana, days)
    with house.begin() as session:
        days = select(Event.data["days"].as_integer()).where(Event.name == "pause")
        told = session.scalars(days.order_by(Event.id)).all()
        assert told == [30, 90, 0]
        assert pause(session, house.published, ana, 30, NOW) == pause_ends(NOW, 30, BERLIN)
        assert pause(session, house.published, 999, 30, NOW) is None


def test_who_was_asked_to_stay_has_answered_by_it(house: House) -> None:
    ana = house.sign_up().contact_id
    with house.begin() as session:
        session.get_one(Contact, ana).sunset_at = NOW
    ask(house, ana, 30)
    with house.begin() as session:
        assert session.get_one(Contact, ana).sunset_at is None
