"""Statements that are written out go to the driver itself, and fail as SQLAlchemy's own do."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session

from service.store.access import Secret
from service.store.bulk import listed, read, write

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
VALUES = text(
    """
    SELECT n, CAST('{"a": [1, null]}' AS jsonb), CAST(:at AS timestamptz), '\\x00ff'::bytea, ARRAY['x', NULL],
           0.5::float8, CAST('10:00' AS text), NULL, '%' || :word
    FROM unnest(CAST(:numbers AS bigint[])) AS n
    """
)
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
