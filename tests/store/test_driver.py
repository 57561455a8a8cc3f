"""Statements that are written out go to the driver itself, and fail as SQLAlchemy's own do."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import DataError, IntegrityError, InternalError, OperationalError
from sqlalchemy.orm import Session

from service.store.access import Secret
from service.store.bulk import listed
from service.store.driver import commit, read, read_alone, read_together, write, write_ahead
from tests.waiting import until

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
VALUES = text(
    """
    SELECT n, CAST('{"a": [1, null]}' AS jsonb), CAST(:at AS timestamptz), '\\x00ff'::bytea, ARRAY['x', NULL],
           0.5::float8, CAST('10:00' AS text), NULL, '%' || :word
    FROM unnest(CAST(:numbers AS bigint[])) AS n
    """
)
LOCK = text("SELECT value FROM secret WHERE name = 'door' FOR NO KEY UPDATE")
BEHIND = text("SELECT value FROM secret WHERE name = :name")
WAITING = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
KEEP = text("INSERT INTO secret (name, value) VALUES (:name, 'a value')")


def test_rows_come_as_the_values_that_they_are(session: Session) -> None:
    rows = read(session, VALUES, numbers=listed([7, 8]), at=NOON, word="é")
    assert rows[0] == (7, {"a": [1, None]}, NOON, b"\x00\xff", ["x", None], 0.5, "10:00", None, "%é")
    assert rows[0][2].utcoffset().total_seconds() == 0
    assert [row[0] for row in rows] == [7, 8]


def test_what_the_session_holds_is_written_before_it_is_read(session: Session) -> None:
    session.add(Secret(name="one", value="said"))
    assert read(session, text("SELECT value FROM secret WHERE name = :name"), name="one") == [("said",)]


def test_what_is_written_belongs_to_the_transaction_of_the_session(session: Session) -> None:
    write(session, KEEP, name="two")
    session.rollback()
    assert read(session, text("SELECT value FROM secret WHERE name = 'two'")) == []


def test_a_failure_is_one_of_sqlalchemys_and_tells_no_parameters(session: Session) -> None:
    write(session, KEEP, name="three")
    with pytest.raises(IntegrityError) as caught:
        write(session, KEEP, name="three")
    assert "a value" not in str(caught.value.params)


def test_a_line_that_is_cut_is_an_operational_error_and_the_pool_opens_another(session: Session) -> None:
    with pytest.raises(OperationalError):
        read(session, text("SELECT pg_terminate_backend(pg_backend_pid())"))
    session.rollback()
    assert read(session, text("SELECT 1")) == [(1,)]


def test_what_is_read_behind_a_lock_in_one_turn_is_what_was_committed_while_it_was_waited_for(
    engine: Engine, session: Session
) -> None:
    """As an unsubscribe that holds the contact's lock a moment longer than we would have liked."""
    write(session, KEEP, name="door")
    session.commit()
    with Session(engine) as first, Session(engine) as looking, ThreadPoolExecutor(1) as pool:
        read(first, LOCK)
        told = pool.submit(read_together, session, (LOCK, {}), (BEHIND, {"name": "left"}))
        until(lambda: looking.scalar(WAITING), "the lock is waited for")
        write(first, KEEP, name="left")
        first.commit()
        assert told.result(10) == [[("a value",)], [("a value",)]]


def test_of_several_that_are_asked_together_the_failing_one_is_told_and_none_is_kept(session: Session) -> None:
    write(session, KEEP, name="four")
    session.commit()
    with pytest.raises(IntegrityError, match="secret"):
        read_together(session, (KEEP, {"name": "five"}), (KEEP, {"name": "four"}), (BEHIND, {"name": "four"}))
    session.rollback()
    assert read_together(session, (BEHIND, {"name": "four"}), (BEHIND, {"name": "five"})) == [[("a value",)], []]


def test_a_line_that_is_cut_while_several_are_asked_is_an_operational_error_too(session: Session) -> None:
    cut = text("SELECT pg_terminate_backend(pg_backend_pid())")
    with pytest.raises(OperationalError):
        read_together(session, (BEHIND, {"name": "x"}), (cut, {}), (BEHIND, {"name": "x"}))
    session.rollback()
    assert read_together(session, (BEHIND, {"name": "x"})) == [[]]


def test_what_is_written_ahead_comes_before_whatever_is_said_next(session: Session) -> None:
    write_ahead(session, KEEP, name="six")
    assert read(session, BEHIND, name="six") == [("a value",)]
    write_ahead(session, KEEP, name="seven")
    assert session.get(Secret, "seven") is not None, "SQLAlchemy's own statements come behind it too"
    write_ahead(session, KEEP, name="eight")
    assert read_together(session, (BEHIND, {"name": "eight"})) == [[("a value",)]]
    write_ahead(session, KEEP, name="nine")
    session.commit()
    assert read(session, BEHIND, name="nine") == [("a value",)]


def test_what_is_written_ahead_and_taken_back_is_never_said(session: Session) -> None:
    write_ahead(session, KEEP, name="ten")
    session.rollback()
    assert read(session, BEHIND, name="ten") == []


def test_the_commit_tells_that_what_was_written_ahead_failed_and_nothing_is_kept(session: Session) -> None:
    write(session, KEEP, name="eleven")
    session.commit()
    write_ahead(session, KEEP, name="twelve")
    write_ahead(session, KEEP, name="eleven")
    with pytest.raises(IntegrityError, match="secret"):
        commit(session)
    session.rollback()
    assert read(session, BEHIND, name="twelve") == []
    write_ahead(session, KEEP, name="eleven")
    with pytest.raises(IntegrityError, match="secret"):
        session.commit()


@pytest.mark.parametrize("how", [commit, Session.commit])
def test_a_transaction_that_failed_is_not_given_for_committed(session: Session, how: Callable[[Session], None]) -> None:
    """The server answers such a COMMIT with ROLLBACK, which is no error of its own."""
    write(session, KEEP, name="failed")
    with pytest.raises(IntegrityError):
        write(session, KEEP, name="failed")
    with pytest.raises(InternalError, match="roll it back"):
        how(session)
    session.rollback()
    assert read(session, BEHIND, name="failed") == []


def test_what_was_written_ahead_is_kept_once_it_is_committed(engine: Engine, session: Session) -> None:
    write_ahead(session, KEEP, name="thirteen")
    commit(session)
    with Session(engine) as looking:
        assert read(looking, BEHIND, name="thirteen") == [("a value",)]
    session.rollback()
    assert read(session, BEHIND, name="thirteen") == [("a value",)], "there is nothing left to take back"


def test_a_line_that_is_cut_under_a_commit_is_an_operational_error(session: Session) -> None:
    write_ahead(session, text("SELECT pg_terminate_backend(pg_backend_pid())"))
    with pytest.raises(OperationalError):
        commit(session)
    session.rollback()
    assert read(session, text("SELECT 1")) == [(1,)]


def test_a_statement_that_is_a_transaction_by_itself_is_kept_at_once(engine: Engine, session: Session) -> None:
    made = text("INSERT INTO secret (name, value) VALUES (:name, 'a value') RETURNING name")
    assert read_alone(session, made, name="fifteen") == [("fifteen",)]
    with Session(engine) as other:
        assert read(other, BEHIND, name="fifteen") == [("a value",)]
    write(session, KEEP, name="sixteen")
    read_alone(session, made, name="seventeen")
    session.rollback()
    assert read(session, BEHIND, name="seventeen") == [], "it belonged to the transaction that had begun"
    with pytest.raises(IntegrityError):
        read_alone(session, made, name="fifteen")
    session.rollback()


def test_one_that_need_not_last_is_seen_by_all_and_not_waited_for_on_the_disk(database_url: str) -> None:
    careful = create_engine(database_url, connect_args={"options": "-c synchronous_commit=on"})
    told = "INSERT INTO secret (name, value) VALUES (:name, current_setting('synchronous_commit')) RETURNING value"
    lightly = text(told).execution_options(lasting=False)
    with Session(careful) as session, Session(careful) as other:
        assert read_alone(session, lightly, name="light") == [("off",)]
        assert read_alone(session, text(told), name="heavy") == [("on",)], "and whoever comes behind it waits again"
        assert read(other, BEHIND, name="light") == [("off",)]
        write(session, KEEP, name="begun")
        assert read_alone(session, lightly, name="within") == [("on",)], "what has begun is to last"
        session.rollback()
        assert read(session, BEHIND, name="within") == []
    careful.dispose()


def test_whoever_has_the_connection_next_begins_and_takes_back_as_ever(session: Session) -> None:
    """What is said together begins its transaction without psycopg, which is told so for as long as it lasts."""
    read_together(session, (BEHIND, {"name": "x"}))
    session.rollback()
    write(session, KEEP, name="eighteen")
    session.rollback()
    session.add(Secret(name="nineteen", value="said"))
    session.flush()
    session.rollback()
    assert [read(session, BEHIND, name=name) for name in ("eighteen", "nineteen")] == [[], []]


def test_what_is_asked_together_first_is_taken_back_with_all_the_rest(session: Session) -> None:
    read_together(session, (BEHIND, {"name": "x"}))
    session.add(Secret(name="twenty", value="said"))
    session.flush()
    write(session, KEEP, name="twenty-one")
    session.rollback()
    assert [read(session, BEHIND, name=name) for name in ("twenty", "twenty-one")] == [[], []]


def test_a_transaction_begins_as_its_connection_is_to_begin_it(engine: Engine) -> None:
    level = text("SELECT current_setting('transaction_isolation')")
    with Session(engine.execution_options(isolation_level="REPEATABLE READ")) as session:
        assert read(session, level) == [("repeatable read",)]
    with Session(engine) as session:
        assert read(session, level) == [("read committed",)]
    with Session(engine.execution_options(isolation_level="AUTOCOMMIT")) as session:
        write(session, KEEP, name="twenty-two")
        session.rollback()
        assert read(session, BEHIND, name="twenty-two") == [("a value",)]


def test_more_than_a_line_holds_goes_both_ways_at_once(session: Session) -> None:
    """The server answers before it has heard everything, and neither waits for the other for ever."""
    word = "x" * 3_000_000
    echo = text("SELECT CAST(:word AS text)")
    told = read_together(session, *[(echo, {"word": word})] * 4)
    assert told == [[(word,)]] * 4


def test_a_value_that_cannot_be_sent_costs_neither_the_connection_nor_what_was_written_ahead(session: Session) -> None:
    pid = text("SELECT pg_backend_pid()")
    before = read(session, pid)
    write_ahead(session, KEEP, name="twenty-three")
    with pytest.raises(DataError, match="NUL"):
        read(session, BEHIND, name="\x00")
    assert read(session, BEHIND, name="twenty-three") == [("a value",)]
    assert read(session, pid) == before
    session.rollback()
