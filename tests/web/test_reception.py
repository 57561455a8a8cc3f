"""Signups that come in at the same time are taken together, and none is harmed by another."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError
from structlog.testing import capture_logs

from service.actions.sign_up import Evidence
from service.actions.sign_up_newcomers import Signup
from service.actions.tell import Receipt, Told
from service.domain.contact import read_address
from service.store.contact import Contact
from service.store.delivery import Delivery
from service.store.enrolment import Enrolment
from service.store.event import Event
from service.web.reception import Reception
from tests.web.shop import Shop

TOGETHER = 50
REFUSED_COMMIT = (
    "CREATE SEQUENCE attempts",
    "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql"
    " AS $$ BEGIN PERFORM nextval('attempts'); RAISE 'no'; END $$",
    "CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON contact DEFERRABLE INITIALLY DEFERRED"
    " FOR EACH ROW EXECUTE FUNCTION refuse()",
)


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


def is_waited(shop: Shop) -> bool:
    """Whether anybody waits for what another holds."""
    with shop.runtime.engine.connect() as connection:
        ours = "SELECT wait_event_type FROM pg_stat_activity WHERE datname = current_database()"
        return "Lock" in connection.scalars(text(ours)).all()


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
    assert shop.runtime.redis.llen("rq:queue:everafter") == 1


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
        while not is_waited(shop):
            assert time.monotonic() - began < 60
        began = time.monotonic()
        bea = pool.submit(reception.take, filled(shop, "bea@example.org"))
        assert bea.result(timeout=60).is_new
        assert time.monotonic() - began < 8, "it took Ana the ten seconds of any other lock"
        assert not ana.done()
    assert ana.result(timeout=60).is_new
    assert any(each["event"] == "company.one_by_one" for each in logs)


@pytest.mark.parametrize("fields", [{}, {"first_name": "Ana", "last_name": "Ruiz"}])
def test_plain_signups_of_newcomers_go_the_fast_way(shop: Shop, fields: dict[str, str]) -> None:
    """Were they not taken in company, all of this would still work, and slowly; a line in the log says so."""
    with capture_logs() as logs:
        assert shop.sign_up(**fields).status_code == 303
        assert shop.sign_up("bea@example.org", slug="elsewhere", **fields).status_code == 303
    assert not [each for each in logs if each["event"] == "company.one_by_one"]


def test_a_commit_that_fails_is_nobodys_success_and_is_not_tried_again(shop: Shop) -> None:
    """After it nobody knows what was stored, and a second attempt might store it twice."""
    with shop.runtime.engine.begin() as connection:
        for statement in REFUSED_COMMIT:
            connection.execute(text(statement))
    try:
        with pytest.raises(DBAPIError):
            Reception(shop.runtime).take(filled(shop, "ana@example.org"))
        with shop.runtime.session() as session:
            assert session.scalar(text("SELECT last_value FROM attempts")) == 1
    finally:
        with shop.runtime.engine.begin() as connection:
            connection.execute(text("DROP FUNCTION refuse CASCADE; DROP SEQUENCE attempts"))
    assert count(shop, Contact) == 0


def test_without_a_database_nobody_is_told_that_they_were_taken(shop: Shop) -> None:
    with shop.runtime.engine.begin() as connection:
        connection.execute(text("ALTER TABLE delivery RENAME TO elsewhere"))
    try:
        assert shop.sign_up().status_code == 503
    finally:
        with shop.runtime.engine.begin() as connection:
            connection.execute(text("ALTER TABLE elsewhere RENAME TO delivery"))
    assert count(shop, Contact) == 0


def told(shop: Shop, number: int, name: str = "cart.left", **more: Any) -> Told:
    return Told(read_address(f"p{number}@example.org"), name, key=f"{name}-{number}", **more)


def test_events_that_come_at_the_same_time_share_few_commits(shop: Shop) -> None:
    reception, start = Reception(shop.runtime), threading.Barrier(TOGETHER)
    for number in range(TOGETHER):
        reception.take(filled(shop, f"p{number}@example.org"))

    def come(number: int) -> Receipt | None:
        start.wait()
        return reception.hear(told(shop, number))

    with ThreadPoolExecutor(TOGETHER) as pool:
        receipts = list(pool.map(come, range(TOGETHER)))
    assert len({each.id for each in receipts if each}) == TOGETHER
    with shop.runtime.session() as session:
        kept = select(Event.id, Event.contact_id, text("xmin::text")).where(Event.name == "cart.left")
        rows = session.execute(kept).all()
    assert {(each.id, each.contact_id) for each in receipts if each} == {(row[0], row[1]) for row in rows}
    assert len({row[2] for row in rows}) < TOGETHER / 2


def test_what_is_not_to_be_heard_in_company_is_left_alone(shop: Shop) -> None:
    reception = Reception(shop.runtime)
    reception.take(filled(shop, "p1@example.org"))
    assert reception.hear(told(shop, 1)) is not None
    begins = told(shop, 1, "purchase")
    wrong = told(shop, 1, "cart.left", data={"cart_url": "javascript:alert(1)"})
    for each in (told(shop, 1), told(shop, 2), begins, told(shop, 1, "no.such"), replace(wrong, key="other")):
        assert reception.hear(each) is None
    assert count(shop, Event) == 2
