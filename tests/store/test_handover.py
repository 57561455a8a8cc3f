"""What is written of mails under way is written as it was known, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, delete, select, text, update

from service.actions.lease import Lease, take
from service.store.contact import Contact
from service.store.delivery import Delivery, State
from service.store.enrolment import Enrolment
from service.store.handover import Changed, Record, Settled, Way, lock_under_way, record_and_lock, write_intent
from tests.actions.house import House
from tests.domain.stories import day, letters, step
from tests.waiting import until

WAITS = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")


def handed_over(house: House, lease: Lease) -> tuple[int, Way, dict[int, int]]:
    """A mail whose intent is committed, and its reader's way as it was then; and another that is taken, to its
    reader."""
    house.sign_up()
    house.decide()
    with house.begin() as session:
        ((mail, *_),) = take(session, lease, 1)
        (way,) = lock_under_way(session, (), (mail,), lease.token).ways.values()
        write_intent(session, (mail,), lease.token, house.now, "postman", house.published.id)
    ben = house.sign_up("ben@example.org").contact_id
    house.decide()
    with house.begin() as session:
        return mail, way, {each.id: ben for each in take(session, lease, 1)}


def left(mail: int, way: Way) -> Record:
    way.passed = ["hello"]
    settled = Settled(mail, State.HANDED, State.SENT, "sent", "Sent.")
    return Record([settled], {way.contact_id}, {way.id: way}, {})


@pytest.fixture
def house(engine: Engine) -> House:
    return House(engine, letters(step("hello", day(0))))


def test_what_is_known_is_written_while_the_next_are_locked(house: House) -> None:
    lease = Lease()
    mail, way, taken = handed_over(house, lease)
    with house.begin() as session:
        under_way, judged = record_and_lock(session, left(mail, way), taken, lease.token)
        assert [each.id for each in under_way.taken] == list(taken)
        assert list(judged.people) == list(taken.values())
        assert under_way.now == house.now
    assert house.states(way.contact_id) == {"hello": "sent"}
    assert house.enrolment(way.contact_id).passed == ["hello"]


@pytest.mark.parametrize(
    "change",
    [
        lambda mail, way: update(Enrolment).where(Enrolment.id == way.id).values(why="somebody wrote it again"),
        lambda mail, way: update(Delivery).where(Delivery.id == mail).values(state=State.UNCERTAIN),
        lambda mail, way: update(Delivery).where(Delivery.id == mail).values(token="somebody else's"),
    ],
    ids=("way", "state", "lease"),
)
def test_what_has_changed_is_not_written_over(house: House, change: Callable) -> None:
    lease = Lease()
    mail, way, taken = handed_over(house, lease)
    with house.begin() as session:
        session.execute(change(mail, way))
    with pytest.raises(Changed), house.begin() as session:
        record_and_lock(session, left(mail, way), taken, lease.token)
    assert house.states(way.contact_id)["hello"] != "sent"
    assert house.enrolment(way.contact_id).passed == []


def test_a_way_that_this_commit_has_changed_is_another_as_well(house: House) -> None:
    """The transaction is the same; where the row lies is not."""
    lease = Lease()
    mail, way, taken = handed_over(house, lease)
    again = update(Enrolment).where(Enrolment.id == way.id)
    with house.begin() as session:
        session.execute(again.values(why="once"))
        (between,) = lock_under_way(session, (mail,), (), lease.token).ways.values()
        session.execute(again.values(why="twice"))
        with pytest.raises(Changed):
            record_and_lock(session, left(mail, between), taken, lease.token)


def test_a_mail_is_not_read_without_its_readers_lock(house: House) -> None:
    lease = Lease()
    house.sign_up()
    house.decide()
    with house.begin() as session:
        ((mail, *_),) = take(session, lease, 1)
        with pytest.raises(Changed):
            record_and_lock(session, Record(), {mail: 0}, lease.token)


def test_a_mail_that_became_another_persons_is_not_read_behind_the_first_ones_lock(house: House) -> None:
    lease = Lease()
    house.sign_up()
    house.decide()
    with house.begin() as session:
        ((mail, *_),) = take(session, lease, 1)
    ben = house.sign_up("ben@example.org").contact_id
    with pytest.raises(Changed), house.begin() as session:
        record_and_lock(session, Record(), {mail: ben}, lease.token)


def test_who_becomes_another_person_while_they_are_waited_for_is_locked_as_that_one(house: House) -> None:
    lease = Lease()
    ana = house.sign_up().contact_id
    house.decide()
    with house.begin() as session:
        ((mail, *_),) = take(session, lease, 1)
    ben = house.sign_up("ben@example.org").contact_id

    def look() -> list[int]:
        with house.begin() as session:
            return [each.contact_id for each in lock_under_way(session, (), (mail,), lease.token).taken]

    def waits() -> bool:
        with house.begin() as session:
            return bool(session.scalar(WAITS))

    with ThreadPoolExecutor(1) as pool:
        with house.begin() as merging:
            merging.execute(select(Contact.id).where(Contact.id == ana).with_for_update())
            looking = pool.submit(look)
            until(waits, "it waits for her lock")
            hers = update(Enrolment).where(Enrolment.contact_id == ana)
            merging.execute(hers.values(contact_id=ben, trigger_key="hers"))
            merging.execute(update(Delivery).where(Delivery.contact_id == ana).values(contact_id=ben))
            merging.execute(delete(Contact).where(Contact.id == ana))
        assert looking.result(60) == [ben]
