"""Signups that come in at the same time are taken together, and none is harmed by another."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError
from structlog.testing import capture_logs

from service.actions.sign_up import Evidence
from service.actions.sign_up_newcomers import Signup
from service.domain.contact import read_address
from service.store.contact import Contact
from service.store.delivery import Delivery
from service.store.enrolment import Enrolment
from service.store.event import Event
from service.web.reception import Reception
from tests.web.shop import Shop

TOGETHER = 50


def filled(shop: Shop, email: str, **fields: str) -> Signup:
    form = shop.runtime.published().library.business.form("checklist")
    assert form is not None
    return Signup(form, read_address(email), fields, Evidence("203.0.113.7", "Firefox", None, "Yes."))


def count(shop: Shop, table: type) -> int:
    with shop.runtime.session() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def commits(shop: Shop) -> int:
    """How many transactions wrote contacts."""
    with shop.runtime.session() as session:
        return session.scalar(text("SELECT count(DISTINCT xmin::text) FROM contact")) or 0


@contextmanager
def somebody_storing(shop: Shop, email: str) -> Iterator[None]:
    """Somebody else is in the middle of storing an address, and takes back what they did."""
    with shop.runtime.engine.connect() as connection:
        insert = text(
            "INSERT INTO contact (email, email_key, address_hash, created_at, updated_at)"
            " VALUES (:email, :email, 'x', now(), now())"
        )
        connection.execute(insert, {"email": email})
        yield
        connection.rollback()


def test_all_who_come_at_the_same_time_share_few_commits(shop: Shop) -> None:
    reception, start = Reception(shop.runtime), threading.Barrier(TOGETHER)

    def come(number: int) -> int:
        start.wait()
        return reception.take(filled(shop, f"p{number}@example.org")).contact_id

    with ThreadPoolExecutor(TOGETHER) as pool:
        ids = list(pool.map(come, range(TOGETHER)))
    assert len(set(ids)) == TOGETHER
    assert [count(shop, table) for table in (Contact, Event, Enrolment, Delivery)] == [TOGETHER] * 4
    assert commits(shop) < TOGETHER / 2


def test_fifty_signups_of_one_new_address_at_once_make_one_of_everything(shop: Shop) -> None:
    """Through two processes' receptions: the first takes the fast way, and who comes behind the general one."""
    receptions, start = (Reception(shop.runtime), Reception(shop.runtime)), threading.Barrier(10)

    def come(number: int) -> int:
        if number < start.parties:
            start.wait()
        return receptions[number % 2].take(filled(shop, "ana@example.org")).contact_id

    with ThreadPoolExecutor(10) as pool:
        ids = set(pool.map(come, range(50)))
    assert len(ids) == 1
    assert [count(shop, table) for table in (Contact, Enrolment, Delivery, Event)] == [1, 1, 1, 50]


def test_a_line_that_never_ends_serves_everybody(shop: Shop) -> None:
    """Ten people who sign up again and again, each time as somebody else: nobody is forgotten in the line."""
    reception = Reception(shop.runtime)
    with ThreadPoolExecutor(10) as pool:
        done = list(pool.map(lambda number: reception.take(filled(shop, f"p{number}@example.org")), range(300)))
    assert all(each.is_new for each in done)
    assert count(shop, Delivery) == 300


def test_when_it_returns_it_is_committed_and_the_bell_rings(shop: Shop) -> None:
    Reception(shop.runtime).take(filled(shop, "ana@example.org"))
    assert shop.contact().email == "ana@example.org"
    assert shop.runtime.redis.exists("bell")


def test_one_who_can_not_be_stored_is_refused_and_the_others_are_served(shop: Shop) -> None:
    reception, start = Reception(shop.runtime), threading.Barrier(10)

    def come(number: int) -> object:
        start.wait()
        try:
            # What no form lets through: PostgreSQL stores no NUL.
            return reception.take(filled(shop, f"p{number}@example.org", first_name="\0" if number == 3 else "Ana"))
        except DBAPIError as error:
            return error

    with ThreadPoolExecutor(10) as pool:
        came = list(pool.map(come, range(10)))
    assert [isinstance(each, DBAPIError) for each in came] == [number == 3 for number in range(10)]
    assert count(shop, Contact) == 9


def test_nobody_waits_long_for_an_address_that_somebody_else_is_storing(shop: Shop) -> None:
    reception = Reception(shop.runtime)
    with ThreadPoolExecutor(2) as pool, somebody_storing(shop, "ana@example.org"), capture_logs() as logs:
        began = time.monotonic()
        ana = pool.submit(reception.take, filled(shop, "ana@example.org"))
        time.sleep(0.1)
        bea = pool.submit(reception.take, filled(shop, "bea@example.org"))
        assert bea.result(timeout=5).is_new
        assert time.monotonic() - began < 3
        assert not ana.done()
    assert ana.result(timeout=5).is_new
    assert any(each["event"] == "signups.one_by_one" for each in logs)


@pytest.mark.parametrize("fields", [{}, {"first_name": "Ana", "last_name": "Ruiz"}])
def test_plain_signups_of_newcomers_go_the_fast_way(shop: Shop, fields: dict[str, str]) -> None:
    """Were they not taken in company, all of this would still work, and slowly; a line in the log says so."""
    with capture_logs() as logs:
        assert shop.sign_up(**fields).status_code == 303
        assert shop.sign_up("bea@example.org", slug="elsewhere", **fields).status_code == 303
    assert not [each for each in logs if each["event"] == "signups.one_by_one"]


def test_without_a_database_nobody_is_told_that_they_were_taken(shop: Shop) -> None:
    with shop.runtime.engine.begin() as connection:
        connection.execute(text("ALTER TABLE delivery RENAME TO elsewhere"))
    try:
        assert shop.sign_up().status_code == 503
    finally:
        with shop.runtime.engine.begin() as connection:
            connection.execute(text("ALTER TABLE elsewhere RENAME TO delivery"))
    assert count(shop, Contact) == 0
