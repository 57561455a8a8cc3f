"""Within the hour a leaving is taken back, and what it ended goes on where it was."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine, select, update

from service.actions.come_back import Back, come_back
from service.actions.deliver import deliver
from service.actions.join import join
from service.actions.lease import Lease, take
from service.actions.sign_up import Evidence, sign_up
from service.actions.suppress import suppress
from service.actions.unsubscribe import unsubscribe
from service.domain.consent import may_email
from service.domain.contact import read_address
from service.domain.sequence.model.business import Topic
from service.domain.sequence.model.enrol import Enrol, Trigger
from service.domain.sequence.model.exit import Exit
from service.domain.sequence.vocabulary import Kind
from service.store.contact import Consent, Contact, Suppression
from service.store.delivery import Delivery
from service.store.enrolment import Enrolment
from service.store.event import Event
from service.store.history import read_standings
from service.store.leaving import Leaving
from tests.actions.house import FORM, KEY, NOW, House
from tests.domain.stories import BUSINESS, HERE, day, letters, step

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
PEOPLE = 60
TOPICS = (Topic("Tips and ideas"), Topic("Newsletter"), Topic("Your appointments", "service"))
STOP = Exit(HERE, event="unsubscribed")
TIPS = letters(step("hello", day(0)), step("tip", day(3)), step("more", day(6)), stop=(STOP,))
NEWS = replace(letters(step("news", day(10))), key="news", topic="Newsletter")
GOODBYE = replace(
    letters(step("goodbye", day(2), Kind.SERVICE)),
    key="goodbye",
    topic="Your appointments",
    enrol=Enrol((Trigger("event", "unsubscribed"),)),
)
BOTH = replace(FORM, topics=("Tips and ideas", "Newsletter"))
PRESSED = Evidence("203.0.113.9", "Firefox", "https://glow.example/left")


@pytest.fixture
def house(engine: Engine) -> House:
    return House(engine, TIPS, NEWS, GOODBYE, business=replace(BUSINESS, topics=TOPICS, forms=(BOTH,)))


@pytest.fixture
def ana(house: House) -> int:
    """Who has had the first letter, a minute ago."""
    with house.begin() as session:
        evidence, address = Evidence(wording="Yes, please."), read_address("ana@example.org")
        found = sign_up(session, house.published, KEY, BOTH, address, {}, evidence, NOW).contact_id
    house.work()
    house.set_time(NOW + MINUTE)
    return found


def leave(house: House, contact_id: int, topic: str | None = None) -> int:
    with house.begin() as session:
        number = unsubscribe(session, house.published, contact_id, house.now, topic=topic)
    assert number is not None
    return number


def undo(house: House, number: int) -> Back:
    with house.begin() as session:
        return come_back(session, house.published, number, PRESSED, house.now)


def may(house: House, contact_id: int) -> set[str]:
    """The topics on which mail may go out."""
    with house.begin() as session:
        standing = read_standings(session, [session.get_one(Contact, contact_id)], house.now)[contact_id]
    return {each.name for each in TOPICS if may_email(standing, each, house.now) is None}


def inside(house: House, contact_id: int) -> dict[str, str]:
    with house.begin() as session:
        rows = session.scalars(select(Enrolment).where(Enrolment.contact_id == contact_id))
        return {row.sequence: row.state for row in rows}


def test_everything_stands_as_before_and_nothing_is_sent_again(house: House, ana: int) -> None:
    number = leave(house, ana)
    assert may(house, ana) == {"Your appointments"}
    assert inside(house, ana) == {"letters": "left", "news": "left", "goodbye": "active"}
    house.set_time(house.now + 50 * MINUTE)
    assert undo(house, number) is Back.DONE
    assert may(house, ana) == {"Tips and ideas", "Newsletter", "Your appointments"}
    assert inside(house, ana) == {"letters": "active", "news": "active", "goodbye": "stopped"}
    for days in (2, 3, 6, 10):
        house.work(NOW + days * DAY)
    assert [step for _, step in house.mails()] == ["hello", "tip", "more", "news"]


def test_the_consents_stand_again_in_their_own_words(house: House, ana: int) -> None:
    undo(house, leave(house, ana, "Newsletter"))
    with house.begin() as session:
        acts = session.scalars(select(Consent).where(Consent.topic == "Newsletter").order_by(Consent.id)).all()
        assert [each.act for each in acts] == ["confirmed", "withdrawn", "confirmed"]
        assert (acts[2].wording, acts[2].source, acts[2].address) == ("Yes, please.", "undo", "203.0.113.9")
        assert session.scalars(select(Suppression)).all() == []
        told = session.scalars(select(Event.name).where(~Event.replaced).order_by(Event.id)).all()
    assert told == ["signup", "came-back"], "that they left counts no longer"


def test_after_an_hour_it_is_too_late_and_nothing_changes(house: House, ana: int) -> None:
    number = leave(house, ana)
    house.set_time(house.now + HOUR + timedelta(seconds=1))
    assert undo(house, number) is Back.LATE
    assert may(house, ana) == {"Your appointments"}
    with house.begin() as session:
        session.execute(update(Leaving).values(undone_at=None))
        assert come_back(session, house.published, 12345, PRESSED, house.now) is Back.GONE


def test_it_can_be_pressed_twice(house: House, ana: int) -> None:
    number = leave(house, ana)
    assert [undo(house, number), undo(house, number)] == [Back.DONE, Back.ALREADY]
    with house.begin() as session:
        assert len(session.scalars(select(Consent).where(Consent.source == "undo")).all()) == 2


def test_of_many_presses_at_once_one_takes_it_back(house: House, ana: int) -> None:
    number = leave(house, ana)
    with ThreadPoolExecutor(8) as pool:
        came = list(pool.map(lambda _: undo(house, number), range(16)))
    assert sorted(came) == [Back.ALREADY] * 15 + [Back.DONE]
    with house.begin() as session:
        assert len(session.scalars(select(Consent).where(Consent.source == "undo")).all()) == 2


def test_what_a_mail_program_and_then_a_person_did_is_one_leaving(house: House, ana: int) -> None:
    first, second = leave(house, ana), leave(house, ana)
    assert first == second
    assert undo(house, second) is Back.DONE
    assert may(house, ana) == {"Tips and ideas", "Newsletter", "Your appointments"}
    house.work(NOW + 3 * DAY)
    assert [step for _, step in house.mails()] == ["hello", "tip"]


def test_leaving_again_after_coming_back_holds(house: House, ana: int) -> None:
    undo(house, leave(house, ana))
    number = leave(house, ana)
    assert may(house, ana) == {"Your appointments"}
    assert undo(house, number) is Back.DONE
    assert len(may(house, ana)) == 3


@pytest.mark.parametrize("all_first", [True, False])
@pytest.mark.parametrize("in_turn", [True, False])
def test_two_leavings_are_undone_in_any_order(house: House, ana: int, all_first: bool, in_turn: bool) -> None:
    topics = (None, "Newsletter") if all_first else ("Newsletter", None)
    numbers = [leave(house, ana, topic) for topic in topics]
    first, second = numbers if in_turn else reversed(numbers)
    assert undo(house, first) is Back.DONE
    assert "Newsletter" not in may(house, ana), "the other one stands"
    assert inside(house, ana)["news"] == "left"
    assert undo(house, second) is Back.DONE
    assert may(house, ana) == {"Tips and ideas", "Newsletter", "Your appointments"}
    assert {inside(house, ana)[key] for key in ("letters", "news")} == {"active"}


def test_a_topic_had_back_by_hand_is_no_leaving_any_more(house: House, ana: int) -> None:
    leave(house, ana, "Newsletter")
    with house.begin() as session:
        assert join(session, house.published, ana, 0, TOPICS[1], PRESSED, house.now)
    undo(house, leave(house, ana))
    assert may(house, ana) == {"Tips and ideas", "Newsletter", "Your appointments"}


def test_what_somebody_else_put_in_the_way_stays(house: House, ana: int) -> None:
    number = leave(house, ana)
    with house.begin() as session:
        contact = session.get_one(Contact, ana)
        suppress(session, contact, house.now, topic=None, reason="complained", source="feedback")
    assert undo(house, number) is Back.DONE
    assert may(house, ana) == set()
    assert inside(house, ana)["letters"] == "left"


def test_a_mail_that_had_come_due_competes_anew_and_leaves_once(house: House, ana: int) -> None:
    house.set_time(NOW + 3 * DAY)
    house.decide()
    assert house.states(ana)["tip"] == "cleared"
    lease = Lease()
    with house.begin() as session:
        take(session, lease, 10)  # a worker has it in hand
    undo(house, leave(house, ana))
    house.work()
    assert [step for _, step in house.mails()] == ["hello", "tip"]
    with house.begin() as session:
        assert session.scalars(select(Delivery.token).where(Delivery.step == "tip")).one() != lease.token


def test_a_mail_that_was_on_its_way_is_behind_them(house: House, ana: int) -> None:
    """It was handed over before they left, and its outcome came while they were gone."""
    house.set_time(NOW + 3 * DAY)
    house.decide()
    numbers: list[int] = []
    send = house.postman.send

    def send_and_leave(*args: object) -> object:
        numbers.append(leave(house, ana))
        return send(*args)  # type: ignore[arg-type]

    house.postman.send = send_and_leave  # type: ignore[method-assign, assignment]
    deliver(house.desk(), Lease(), lambda: False)
    house.postman.send = send  # type: ignore[method-assign]
    assert inside(house, ana)["letters"] == "left"
    undo(house, numbers[0])
    house.work(NOW + 6 * DAY)
    assert [step for _, step in house.mails()] == ["hello", "tip", "more"]


def test_many_leave_and_come_back_while_workers_send(engine: Engine) -> None:
    """Nothing is lost, nothing is sent twice, and no intent commits while somebody is gone."""
    house = House(engine, letters(step("one", day(0))))
    ids = [house.sign_up(f"person{number}@example.org").contact_id for number in range(PEOPLE)]
    house.decide()
    stop = threading.Event()

    def hesitate() -> None:
        for contact_id in ids:
            undo(house, leave(house, contact_id))

    def send(_: int) -> None:
        while not stop.is_set():
            house.work()

    with ThreadPoolExecutor(3) as pool:
        sending = [pool.submit(send, each) for each in range(2)]
        pool.submit(hesitate).result()
        stop.set()
        for each in sending:
            each.result()
    house.work()
    recipients = [recipient for recipient, _ in house.mails()]
    assert len(recipients) == len(set(recipients)) == PEOPLE
    with house.begin() as session:
        assert set(session.scalars(select(Enrolment.state))) == {"finished"}
