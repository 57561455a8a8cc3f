"""A connection that rested is asked whether it lives before it is used; one that was just used is not."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError, ProgrammingError
from sqlalchemy.orm import Session

from service.store.driver import read
from service.store.engine import REST, open_engine

PID = text("SELECT pg_backend_pid()")


@pytest.fixture
def opened(database_url: str) -> Iterator[Engine]:
    opened = open_engine(database_url)
    yield opened
    opened.dispose()


def cut(server: Engine, pids: set[int]) -> None:
    with server.connect() as surviving:
        for pid in pids:
            surviving.execute(text("SELECT pg_terminate_backend(:pid, 60000)"), {"pid": pid})


def used(opened: Engine) -> set[int]:
    """The server's processes behind two connections that are used at the same time."""
    with opened.connect() as one, opened.connect() as other:
        return {one.scalar(PID), other.scalar(PID)}


def test_connections_that_died_while_they_rested_are_replaced(opened: Engine, engine: Engine) -> None:
    before = used(opened)
    cut(engine, before)
    time.sleep(REST)
    after = used(opened)
    assert len(after) == 2
    assert not after & before


def test_one_that_was_used_a_moment_ago_is_not_asked_and_replaced_when_it_fails(
    opened: Engine, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.store.engine.REST", 3_600.0)  # however long it takes to cut them
    before = used(opened)
    cut(engine, before)
    with pytest.raises(OperationalError):
        used(opened)
    assert not used(opened) & before


PREPARED = text("SELECT statement FROM pg_prepared_statements")
COUNT = text("SELECT count(*) FROM generate_series(1, :most)")


def prepared(session: Session) -> list[str]:
    return sorted(row[0] for row in session.execute(PREPARED))


def test_what_is_written_out_is_planned_once_a_connection(opened: Engine) -> None:
    with Session(opened) as session:
        assert [read(session, COUNT, most=most) for most in (3, 4)] == [[(3,)], [(4,)]]
        session.commit()
        assert prepared(session) == ["BEGIN", "SELECT count(*) FROM generate_series(1, $1)"], "and nothing that was not"


def test_a_server_that_forgot_what_it_was_to_keep_is_told_anew(opened: Engine) -> None:
    with Session(opened) as session:
        assert read(session, COUNT, most=3) == [(3,)]
        session.execute(text("DEALLOCATE ALL"))
        with pytest.raises(ProgrammingError, match="does not exist"):
            read(session, COUNT, most=3)
        session.rollback()
        assert read(session, COUNT, most=3) == [(3,)]


def test_what_sqlalchemy_says_many_times_makes_the_server_forget_nothing(opened: Engine) -> None:
    """psycopg prepares what is said for many rows, where it may, and has all forgotten after a rollback."""
    with Session(opened) as session:
        assert read(session, COUNT, most=3) == [(3,)]
        session.execute(text("SELECT :n"), [{"n": n} for n in range(3)])
        session.rollback()
        assert read(session, COUNT, most=3) == [(3,)]
        assert prepared(session) == ["BEGIN", "SELECT count(*) FROM generate_series(1, $1)"]


GROWN = text("SELECT number FROM grown WHERE number = ANY(CAST(:numbers AS bigint[]))")
SCANS = text("SELECT seq_scan FROM pg_stat_user_tables WHERE relname = 'grown'")


def test_a_plan_is_made_anew_as_a_table_has_grown(opened: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    def scans() -> int:
        session.execute(text("SELECT pg_stat_force_next_flush()"))
        session.commit()
        return session.scalar(SCANS) or 0

    with Session(opened) as session:
        table = "CREATE TABLE grown (number bigint PRIMARY KEY) WITH (autovacuum_enabled = off)"
        session.execute(text(table))
        session.execute(text("INSERT INTO grown VALUES (1)"))
        session.execute(text("ANALYZE grown"))
        session.commit()
        for _ in range(8):
            assert read(session, GROWN, numbers="{1}") == [(1,)]
        session.execute(text("INSERT INTO grown SELECT generate_series(2, 100000)"))
        session.commit()
        read(session, GROWN, numbers="{7}")
        kept = scans()
        assert kept >= 9, "its one page was read through, and so are a thousand"
        monkeypatch.setattr("service.store.engine.PLANNED", 0.0)
        session.commit()
        assert read(session, GROWN, numbers="{7}") == [(7,)]
        assert scans() == kept
        session.execute(text("DROP TABLE grown"))
        session.commit()
