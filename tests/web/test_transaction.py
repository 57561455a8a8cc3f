"""Two units of work that stand in each other's way."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from service.store.contact import Contact
from service.web.transaction import ATTEMPTS, transact
from tests.web.shop import Shop


def test_a_deadlock_is_begun_again(shop: Shop) -> None:
    first, second = (shop.sign_up(email) and shop.contact(email).id for email in ("ana@example.org", "bea@example.org"))
    both_hold_one = Barrier(2, timeout=20)
    one_is_done = Event()  # or whoever begins again may cross the other once more
    begun: list[int] = []

    def give_names(order: tuple[int, int]) -> None:
        def work(session: Session) -> None:
            waits = order[0] not in begun
            begun.append(order[0])
            assert waits or one_is_done.wait(20)
            for number in order:
                session.execute(update(Contact).where(Contact.id == number).values(last_name=str(order[0])))
                if waits and number == order[0]:
                    both_hold_one.wait()

        transact(shop.runtime, work)
        one_is_done.set()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(give_names, [(first, second), (second, first)]))
    assert len(begun) == 3
    assert len({contact.last_name for contact in shop.all(Contact)}) == 1


def test_what_would_fail_again_is_not_repeated(shop: Shop) -> None:
    shop.sign_up()
    calls = []

    def work(session: Session) -> None:
        calls.append(1)
        values = {"email": "x", "address_hash": b"", "created_at": "2026-01-01", "updated_at": "2026-01-01"}
        session.add(Contact(email_key="ana@example.org", **values))

    with pytest.raises(IntegrityError):
        transact(shop.runtime, work)
    assert len(calls) == 1


def test_what_collides_for_ever_is_given_up(shop: Shop) -> None:
    calls = []

    def work(session: Session) -> None:
        calls.append(1)
        session.connection().exec_driver_sql("DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '40001'; END $$")

    with pytest.raises(DBAPIError):
        transact(shop.runtime, work)
    assert len(calls) == ATTEMPTS
    with shop.runtime.session() as session:
        assert session.scalars(select(Contact)).all() == []
