"""A publication is carried on to people whatever else goes on: kills, senders, and publications after it."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import Engine, func, select

from service.actions.publish import Edition, publish
from service.actions.roll_out import SETTLE, roll_out
from service.domain.rollout import REPLAN, Work
from service.ports import Published
from service.store.contact import lock_contacts
from service.store.delivery import Delivery
from service.store.enrolment import Enrolment
from service.store.publication import Publication
from service.store.rollout import Rollout, anything_due, count_left, replace_work
from tests.actions.house import NOW
from tests.actions.newsroom import AT_ONCE, Newsroom, letters

DAY = timedelta(days=1)
HELLO, TIP, LETTER = "Day 0: hello", "Day 3 at 10:00: tip", "Day 10 at 10:00: letter"
OLD, NEW = letters(HELLO, LETTER), letters(HELLO, TIP, LETTER)
NEWEST = letters(HELLO, "Day 5 at 10:00: idea", LETTER)


@pytest.fixture
def room(engine: Engine) -> Newsroom:
    """Ten readers who have had the first letter."""
    room = Newsroom(engine, letters=OLD)
    room.people(10)
    room.work()
    return room


def planned(room: Newsroom) -> Counter[str]:
    with room.begin() as session:
        return Counter(session.scalars(select(Delivery.step).where(Delivery.state == "planned")))


def killed(room: Newsroom) -> None:
    """A batch whose worker ends before its commit."""
    with room.begin() as session:
        assert roll_out(session, room.published, room.now, 4, AT_ONCE) == 4
        raise KeyboardInterrupt


def test_a_kill_between_two_batches_loses_and_doubles_nothing(room: Newsroom) -> None:
    room.put_in_force(letters=NEW)
    assert room.roll_out_once(4) == 4
    with pytest.raises(KeyboardInterrupt):
        killed(room)
    assert planned(room) == {"tip": 4, "letter": 6}
    assert room.roll_out(4) == 2
    assert planned(room) == {"tip": 10}
    with room.begin() as session:
        assert session.scalar(select(func.count()).select_from(Rollout)) == 0


def test_people_whom_a_sender_holds_are_left_to_it_and_come_later(room: Newsroom) -> None:
    room.put_in_force(letters=NEW)
    held = room.contact_ids()[2:4]
    with room.begin() as sender:
        lock_contacts(sender, held)
        assert room.roll_out_once() == 8  # without waiting for them
        assert planned(room) == {"tip": 8, "letter": 2}
        assert room.roll_out_once() == 0
        with room.begin() as session:
            assert anything_due(session, room.now)
            assert count_left(session, room.now) == 2
    room.roll_out()
    assert planned(room) == {"tip": 10}


def test_a_second_publication_takes_the_place_of_what_was_left_of_the_first(room: Newsroom) -> None:
    room.put_in_force(letters=NEW)
    room.roll_out_once(4)
    room.put_in_force(letters=NEWEST)
    room.roll_out()
    assert planned(room) == {"idea": 10}
    for days in range(12):
        room.work(NOW + days * DAY)
    assert Counter(step for _, step in room.mails()) == {"hello": 10, "idea": 10, "letter": 10}


def test_a_publication_about_something_else_leaves_the_first_at_its_work(room: Newsroom) -> None:
    room.put_in_force(letters=NEW)
    room.roll_out_once(4)
    room.put_in_force(letters=NEW, news=letters("Day 0: news", key="news", head="enrol: {on: manual}"))
    assert room.roll_out(4) >= 2
    assert planned(room) == {"tip": 10}


def test_what_was_removed_and_comes_back_before_anybody_noticed_is_as_it_was(room: Newsroom) -> None:
    room.put_in_force()
    room.roll_out_once(4)
    room.put_in_force(letters=OLD)
    room.roll_out()
    with room.begin() as session:
        assert Counter(session.scalars(select(Enrolment.state))) == {"stopped": 4, "active": 6}
    assert planned(room) == {"letter": 6}


def test_a_worker_that_has_not_read_the_newest_publication_leaves_its_work_to_others(room: Newsroom) -> None:
    before = room.published
    room.put_in_force(letters=NEW)
    with room.begin() as session:
        assert roll_out(session, before, room.now, settle=AT_ONCE) == 0
        assert roll_out(session, room.published, room.now, settle=SETTLE) == 0  # others may go by the old one still
        assert roll_out(session, room.published, room.now, settle=AT_ONCE) == 10


def test_two_publishers_at_once_come_one_after_the_other(room: Newsroom) -> None:
    done: list[int] = []

    def put(text: str) -> None:
        with room.begin() as session:
            done.append(publish(session, Edition(room.files(letters=text), set())).publication_id)

    threads = [threading.Thread(target=put, args=(text,)) for text in (NEW, NEWEST)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(200)
    with room.begin() as session:
        last = session.scalar(select(func.max(Publication.id)))
        assert len(set(done)) == 2
        assert [(row.publication_id, row.what) for row in session.scalars(select(Rollout))] == [(last, "replan")]


def test_workers_beside_it_move_people_on_and_nobody_gets_anything_twice(engine: Engine) -> None:
    room = Newsroom(engine, letters=letters(HELLO, "Day 1: first", "Day 3: second"))
    room.people(60)
    room.work()
    room.set_time(NOW + DAY)
    text = letters(HELLO, "Day 1: first", "Day 3: extra", "Day 9: second")
    room.put_in_force(letters=text)
    published = Published(room.published.id, room.published.library)
    failed: list[BaseException] = []

    def carry_on() -> None:
        try:
            left = True
            while left:
                with room.begin() as session:
                    roll_out(session, published, room.now, 7, AT_ONCE)
                    left = anything_due(session, room.now)
        except BaseException as error:
            failed.append(error)
            raise

    threads = [threading.Thread(target=carry_on) for _ in range(2)] + [threading.Thread(target=room.work)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(200)
    assert not failed
    for days in range(1, 14):
        room.work(NOW + days * DAY)
    assert Counter(step for _, step in room.mails()) == {"hello": 60, "first": 60, "extra": 60, "second": 60}


def test_much_work_is_parted_among_workers(room: Newsroom) -> None:
    room.put_in_force(letters=NEW)
    with room.begin() as session:
        replace_work(session, room.published.id, ["letters"], [Work("letters", REPLAN)], many=5)
        parts = [(row.cursor, row.ends) for row in session.scalars(select(Rollout).order_by(Rollout.id))]
        assert parts == [(0, 3), (3, 5), (5, 7), (7, None)]
        assert count_left(session, room.now) == 10
    with room.begin() as first, room.begin() as second:  # each takes a part of its own, and waits for no other
        assert roll_out(first, room.published, room.now, 100, AT_ONCE) == 3
        assert roll_out(second, room.published, room.now, 100, AT_ONCE) == 2
    room.roll_out()
    assert planned(room) == {"tip": 10}


def test_so_many_a_day_enter_by_the_days_of_the_business(room: Newsroom) -> None:
    news = letters("Day 0: news", key="news", head="enrol: {on: manual, existing: 4 a day}")
    room.publish(letters=OLD, news=news)
    assert inside(room) == 4
    room.publish(letters=OLD, news=news.replace("Subject: news", "Subject: other news"))
    assert inside(room) == 4  # of this day, whatever was published since
    for days, count in ((1, 8), (2, 10), (3, 10)):
        room.set_time(NOW + days * DAY)
        room.roll_out()
        assert inside(room) == count
    with room.begin() as session:
        assert not anything_due(session, room.now + DAY)


def inside(room: Newsroom) -> int:
    with room.begin() as session:
        return session.scalar(select(func.count()).select_from(Enrolment).where(Enrolment.sequence == "news"))
