"""The main job, over a real database: people move on, mails compete, what is sent is sent once."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import time, timedelta

import pytest
from sqlalchemy import Engine, func, select

from service.actions.deliver import deliver
from service.actions.lease import Lease
from service.actions.receive_event import Seen, become, receive_event
from service.actions.record import Handed, record
from service.actions.unsubscribe import unsubscribe
from service.domain.sequence.model.duration import Unit
from service.domain.sequence.model.enrol import Again, Enrol, Trigger
from service.domain.sequence.model.exit import AtMost, Exit
from service.domain.sequence.vocabulary import Kind
from service.ports import Refused, Sent, TryLater, Uncertain
from service.store.contact import Contact, lock_contacts
from service.store.decision import Decision
from service.store.delivery import Delivery
from tests.actions.house import NOW, House
from tests.domain.stories import HERE, at, day, later, letters, step

DAY = timedelta(days=1)


@pytest.fixture
def house(engine: Engine) -> House:
    """A checklist at once, a tip on day 2 at ten, a letter three days later."""
    return House(
        engine,
        letters(
            step("checklist", day(0), Kind.SERVICE),
            step("tip", day(2, time(10))),
            step("letter", later(3, Unit.DAYS, time(10))),
            stop=(Exit(HERE, event="appointment.booked"),),
        ),
    )


def test_a_whole_sequence_comes_step_by_step_and_finishes(house: House) -> None:
    ana = house.sign_up().contact_id
    for days in range(9):
        house.work(NOW + days * DAY)
    assert [step for _, step in house.mails()] == ["checklist", "tip", "letter"]
    assert house.enrolment(ana).state == "finished"
    assert house.enrolment(ana).why == "Finished: every step is behind."


def test_nothing_leaves_before_its_time(house: House) -> None:
    house.sign_up()
    house.work()
    house.work(at("2026-11-22 08:59"))
    assert [step for _, step in house.mails()] == ["checklist"]


def test_the_business_window_holds_a_letter_on_sunday_and_says_until_when(house: House) -> None:
    ana = house.sign_up().contact_id
    house.work()
    house.work(at("2026-11-22 09:30"))  # day 2 is a Sunday
    step, state, reason = house.touches(ana)[1]
    assert (step, state) == ("tip", "held")
    assert re.fullmatch("Held until Mon 23 Nov 09:(0[0-9]|1[0-5]): its window is closed now.", reason)
    house.work(at("2026-11-23 08:15"))
    assert [step for _, step in house.mails()] == ["checklist", "tip"]


def test_an_event_stops_it_at_once_even_what_was_cleared(house: House) -> None:
    ana = house.sign_up().contact_id
    house.work()
    house.set_time(at("2026-11-23 09:00"))
    house.decide()
    assert house.states(ana)["tip"] == "cleared"
    with house.begin() as session:
        lock_contacts(session, [ana])
        contact = session.get_one(Contact, ana)
        receive_event(session, house.published, contact, Seen("appointment.booked", house.now, "b1"), house.now)
    house.work()
    assert house.states(ana)["tip"] == "cancelled"
    assert [step for _, step in house.mails()] == ["checklist"]


def test_after_an_unsubscribe_no_intent_commits_what_was_cleared_included(house: House) -> None:
    ana = house.sign_up().contact_id
    house.work()
    house.set_time(at("2026-11-23 09:00"))
    house.decide()
    with house.begin() as session:
        assert unsubscribe(session, house.published, ana, house.now)
    house.work()
    step, state, reason = house.touches(ana)[1]
    assert (step, state) == ("tip", "cancelled")
    assert reason == "Not sent: the person left all marketing on 23 November 2026."
    assert [step for _, step in house.mails()] == ["checklist"]


def test_a_new_signup_lifts_no_suppression_in_silence(house: House) -> None:
    ana = house.sign_up(first_name="Ana").contact_id
    house.work()
    with house.begin() as session:
        unsubscribe(session, house.published, ana, house.now)
    house.set_time(NOW + 2 * DAY)
    house.sign_up()
    house.work()
    assert len(house.mails()) == 1
    assert house.touches(ana)[-1][1:] == ("cancelled", "Not sent: Ana unsubscribed on 20 November 2026.")


def test_without_consent_to_its_topic_a_mail_is_not_sent(engine: Engine) -> None:
    house = House(engine, replace(letters(step("hello", day(0))), topic="Your project"))
    ana = house.sign_up().contact_id
    house.work()
    assert house.touches(ana) == [
        ("hello", "cancelled", "Not sent: The person is not a client, and “Your project” is for clients.")
    ]


def test_two_sequences_share_the_persons_slots(engine: Engine) -> None:
    first = letters(step("first", day(0)))
    second = replace(letters(step("second", day(0), Kind.ONBOARDING)), key="second")
    house = House(engine, first, second)
    ana = house.sign_up().contact_id
    house.work()
    assert [step for _, step in house.mails()] == ["second"]
    assert house.touches(ana)[0][1] == "held"
    house.work(NOW + 3 * DAY)
    assert [step for _, step in house.mails()] == ["second", "first"]


def test_a_refusal_for_good_fails_and_the_journey_goes_on(house: House) -> None:
    house.postman.answers["ana@example.org"] = Refused("550 no such user", "550")
    ana = house.sign_up().contact_id
    house.work()
    assert house.touches(ana)[0] == ("checklist", "failed", "Refused for good: 550 no such user")
    assert house.touches(ana)[1][:2] == ("tip", "planned")


def test_a_mail_that_was_not_taken_is_tried_again_under_the_same_name(house: House) -> None:
    house.postman.answers["ana@example.org"] = TryLater("connection refused", "connect", 0.0)
    ana = house.sign_up().contact_id
    house.work()
    assert house.touches(ana)[0][1] == "cleared"
    with house.begin() as session:
        session.scalars(select(Delivery)).one().retry_at = at("2020-01-01 00:00")
    house.postman.answers.clear()
    house.work()
    assert house.mails() == [("ana@example.org", "checklist")]


def test_an_uncertain_mail_is_never_sent_again_and_the_journey_goes_on(house: House) -> None:
    house.postman.answers["ana@example.org"] = Uncertain("the line was cut after the mail")
    ana = house.sign_up().contact_id
    house.work()
    house.postman.answers.clear()
    house.work(NOW + DAY)
    assert house.touches(ana)[0][1:] == ("uncertain", "It may have left or not: the line was cut after the mail")
    assert house.mails() == []
    house.work(at("2026-11-23 09:00"))
    assert [step for _, step in house.mails()] == ["tip"]


def test_a_worker_that_dies_with_mail_in_hand_leaves_it_uncertain(house: House) -> None:
    def die(*_: object) -> list:
        raise KeyboardInterrupt

    ana = house.sign_up().contact_id
    house.decide()
    house.postman.send = die
    with pytest.raises(KeyboardInterrupt):
        house.deliver()
    del house.postman.send
    assert house.states(ana) == {"checklist": "handed"}
    house.work()
    assert house.mails() == []  # its lease is not over yet
    house.end_leases()
    house.work()
    assert house.states(ana) == {"checklist": "uncertain", "tip": "planned"}
    assert house.mails() == []


def test_the_late_answer_of_the_one_who_held_it_resolves_what_is_uncertain(house: House) -> None:
    house.postman.answers["ana@example.org"] = Uncertain("no answer")
    ana = house.sign_up().contact_id
    house.decide()
    mine = Lease()
    deliver(house.desk(), mine, lambda: False)
    with house.begin() as session:
        row = session.scalars(select(Delivery).where(Delivery.step == "checklist")).one()
        record(session, house.published, Lease(), [Handed(row.id, Sent())])
    assert house.states(ana)["checklist"] == "uncertain"
    with house.begin() as session:
        record(session, house.published, mine, [Handed(row.id, Sent("7"))])
    assert house.touches(ana)[0] == ("checklist", "sent", "Sent: service mail waits for no slot.")
    assert house.states(ana) == {"checklist": "sent", "tip": "planned"}


def test_a_mail_that_can_not_be_put_into_words_is_held_and_blocks_nobody(house: House) -> None:
    ana = house.sign_up("ana@example.org").contact_id
    house.clerk.wordless.add("checklist")
    house.work()
    assert house.touches(ana)[0] == ("checklist", "held", "Held: contact.first_name is empty.")
    house.clerk.wordless.clear()
    house.work(NOW + timedelta(hours=2))
    assert house.mails() == [("ana@example.org", "checklist")]


def test_what_is_missing_from_a_mail_is_told_once_however_often_it_is_looked_at(house: House) -> None:
    ana = house.sign_up("ana@example.org").contact_id
    house.clerk.wordless.add("checklist")
    for hours in range(5):
        house.work(NOW + timedelta(hours=2 * hours))
    with house.begin() as session:
        held = select(Decision.sentence, Decision.until).where(Decision.contact_id == ana, Decision.verdict == "held")
        assert session.execute(held).all() == [("Held: contact.first_name is empty.", NOW + timedelta(hours=1))]
        told: int = session.scalar(select(func.count()).select_from(Decision).where(Decision.contact_id == ana)) or 0
    assert told <= 3


def test_three_unanswered_letters_are_enough(engine: Engine) -> None:
    steps = [step(f"l{number}", day(3 * number)) for number in range(6)]
    house = House(engine, letters(*steps, at_most=AtMost(3, unanswered=True)))
    ana = house.sign_up().contact_id
    for days in range(30):
        house.work(NOW + days * DAY)
    assert len(house.mails()) == 3
    assert house.enrolment(ana).why == "Finished: 3 mails in a row without an answer."


def test_becoming_a_client_begins_the_onboarding_once(engine: Engine) -> None:
    welcome = replace(
        letters(step("welcome", day(0), Kind.SERVICE)),
        topic="Your project",
        enrol=Enrol((Trigger("becomes", "client"),), again=Again.NEVER),
    )
    house = House(engine, welcome)
    ana = house.sign_up().contact_id
    for key in ("v1", "v2"):
        with house.begin() as session:
            lock_contacts(session, [ana])
            contact = session.get_one(Contact, ana)
            seen = Seen("visit.completed", house.now, key)
            assert receive_event(session, house.published, contact, seen, house.now)
            assert receive_event(session, house.published, contact, seen, house.now) is None
    house.work()
    assert house.mails() == [("ana@example.org", "welcome")]
    with house.begin() as session:
        contact = session.get_one(Contact, ana)
        assert (contact.stage, contact.client_since) == ("client", house.now)
        become(session, house.published, contact, "former", house.now)


def test_a_group_that_was_stopped_half_way_is_carried_on(house: House) -> None:
    for number in range(60):
        house.sign_up(f"person{number}@example.org")
    house.decide()
    rounds = iter([False])
    assert deliver(house.desk(group=25), Lease(), lambda: next(rounds, True)) == 25
    house.work()  # what was taken and had not left is anybody's again, before any lease is over
    assert len(house.mails()) == len(set(house.mails())) == 60


def test_who_is_put_off_holds_up_nobody_of_the_groups_behind(house: House) -> None:
    for number in range(60):
        house.sign_up(f"person{number}@example.org")
    house.decide()
    house.postman.answers["person3@example.org"] = TryLater("450 greylisted", "450")
    assert deliver(house.desk(group=25), Lease(), lambda: False) == 60
    assert len(house.mails()) == len(set(house.mails())) == 59
    assert "person3@example.org" not in {recipient for recipient, _ in house.mails()}
