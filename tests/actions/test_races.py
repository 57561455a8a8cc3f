"""What holds when many do it at once: real threads, real locks."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from sqlalchemy import Engine, select

from service.actions.deliver import deliver
from service.actions.lease import Lease
from service.actions.unsubscribe import unsubscribe
from service.domain.sequence.vocabulary import Kind
from service.store.contact import Consent
from service.store.delivery import Delivery
from tests.actions.house import House
from tests.domain.stories import day, letters, step

PEOPLE = 120
PATIENCE = 200.0  # seconds


def crowd(engine: Engine, *keys: str) -> House:
    """Many people, each with one mail due in each of several sequences."""
    sequences = (replace(letters(step(key, day(0), Kind.LETTER)), key=key) for key in keys)
    house = House(engine, *sequences)
    for number in range(PEOPLE):
        house.sign_up(f"person{number}@example.org")
    return house


def test_under_many_workers_no_cap_is_exceeded_and_nobody_is_mailed_twice(engine: Engine) -> None:
    house = crowd(engine, "one", "two", "three")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: house.work(), range(8)))
    house.work()
    recipients = [recipient for recipient, _ in house.mails()]
    assert len(recipients) == len(set(recipients)) == PEOPLE


def test_after_a_committed_unsubscribe_no_intent_commits(engine: Engine) -> None:
    """Unsubscribes fall among the hand-overs; the database's own clock says which came first.

    The first leaves before any mail does, the last after all of them, the others about when their own mail does.
    """
    house = crowd(engine, "one")
    house.decide()
    one_has_left = threading.Event()
    with house.begin() as session:
        *ids, last = session.scalars(select(Delivery.contact_id).order_by(Delivery.contact_id))

    def leave(contact_id: int) -> None:
        with house.begin() as session:
            unsubscribe(session, house.published, contact_id, house.now)

    def leave_in_turn() -> None:
        for number, contact_id in enumerate(ids[::3]):
            while len(house.postman.taken) < 2 * number:  # of three that come before, two stay
                time.sleep(0.001)
            leave(contact_id)
            one_has_left.set()

    def send(_: int) -> None:
        one_has_left.wait(PATIENCE)
        while not leaving.done():
            deliver(house.desk(group=5), Lease(), lambda: False)

    with ThreadPoolExecutor(4) as pool:
        leaving = pool.submit(leave_in_turn)
        list(pool.map(send, range(3)))
        leaving.result()
    house.deliver()
    leave(last)
    with house.begin() as session:
        rows = session.execute(
            select(Consent.recorded_at, Delivery.handed_machine_at, Delivery.state)
            .join(Delivery, Delivery.contact_id == Consent.contact_id)
            .where(Consent.act == "withdrawn")
        ).all()
    assert len(rows) == PEOPLE // 3 + 1
    for left_at, handed_at, state in rows:
        assert (state == "sent" and handed_at < left_at) or (state == "cancelled" and handed_at is None)
    assert {state for *_, state in rows} == {"sent", "cancelled"}
