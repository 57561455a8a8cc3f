"""Statements that are written out, said to the driver itself, and several of them in one round trip.

What SQLAlchemy puts together for each statement and each result, and times that are read from text, take three times as
long as all the rest of asking. The server keeps how a statement is to be answered, where it may
(`service.store.engine`) and the statement's option `prepare` does not forbid it: reading and planning it was a quarter
of a mail's time there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, NamedTuple

import psycopg
from psycopg.pq import TransactionStatus
from sqlalchemy import Connection, TextClause, event
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.engine import Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from sqlalchemy.pool import Pool

DRIVER = PGDialect_psycopg()  # type: ignore[no-untyped-call]

UNSAID = "unsaid"  # under which a connection keeps what `write_ahead` was given


class Said(NamedTuple):
    """A statement as it is said: its words, its values, and whether the server keeps how it is answered."""

    words: str
    values: Mapping[str, Any]
    is_kept: bool


BEGIN, COMMIT = Said("BEGIN", {}, is_kept=False), Said("COMMIT", {}, is_kept=False)


def read(session: Session, statement: TextClause, **values: Any) -> Sequence[tuple[Any, ...]]:
    """The rows of a statement that is written out, answered in binary."""
    return _ask(_reached(session), _said(statement, values)).fetchall()


def read_together(session: Session, *asked: tuple[TextClause, Mapping[str, Any]]) -> list[Sequence[tuple[Any, ...]]]:
    """The rows of several statements, each with its values, in one round trip (PostgreSQL's pipeline mode).

    They are answered one after the other, and each sees what was committed before it began: the first may lock what
    the others read. Where they begin a transaction, its BEGIN goes along.
    """
    connection = _reached(session)
    with _told(connection), _turn(connection):
        cursors = [_ask_on(connection, _said(*each), number) for number, each in enumerate(asked, 1)]
    return [cursor.fetchall() for cursor in cursors]


def read_alone(session: Session, statement: TextClause, **values: Any) -> Sequence[tuple[Any, ...]]:
    """The rows of a statement that is a transaction by itself, and kept at once: one round trip for three. Where the
    session began one already, it belongs to that."""
    connection = _reached(session)
    driver = _driver(connection)
    if not _is_idle(driver) or connection.info.get(UNSAID):
        return read(session, statement, **values)
    driver.autocommit = True
    try:
        return _ask(connection, _said(statement, values)).fetchall()
    finally:
        _let_begin(driver)


def write(session: Session, statement: TextClause, **values: Any) -> None:
    """Say a statement that returns no rows. The caller commits."""
    _ask(_reached(session), _said(statement, values))


def write_ahead(session: Session, statement: TextClause, **values: Any) -> None:
    """The same of what nobody waits for: it is said in one round trip with whatever the session says next, be it the
    commit; that tells of its failure."""
    _reached(session).info.setdefault(UNSAID, []).append(_said(statement, values))


@contextmanager
def committing(session: Session) -> Iterator[None]:
    """Commit, in one round trip with what was written ahead; the server is at it while the context lasts, and has
    answered at its end. Raises what the commit does. The session has nothing more to say."""
    connection = _reached(session)
    with _told(connection), _turn(connection):
        _ask_on(connection, COMMIT, 1)
        yield


def _reached(session: Session) -> Connection:
    """Its connection, once what it holds is written."""
    session.flush()
    return session.connection()


def _ask(connection: Connection, said: Said) -> psycopg.Cursor[Any]:
    """Say one thing and wait for the answer."""
    with _told(connection, said.words):
        if not connection.info.get(UNSAID):
            return _ask_on(connection, said)
        with _turn(connection):
            return _ask_on(connection, said, 1)


@contextmanager
def _turn(connection: Connection) -> Iterator[None]:
    """One round trip: what was left unsaid, and behind it whatever is said within."""
    driver, unsaid = _driver(connection), connection.info.pop(UNSAID, ())
    begins = _is_idle(driver)
    if begins:
        driver.autocommit = True  # psycopg would wait for the answer to its own BEGIN
    with driver.pipeline():
        for each in (BEGIN, *unsaid) if begins else unsaid:
            _ask_on(connection, each)
        yield


def _ask_on(connection: Connection, said: Said, number: int = 0) -> psycopg.Cursor[Any]:
    """Through one of a connection's cursors, the first but for those whose answers are read from one turn; a new one
    for each statement takes half the asking."""
    cursors: dict[int, psycopg.Cursor[Any]] = connection.info.setdefault("cursors", {})
    if number not in cursors:
        cursors[number] = _driver(connection).cursor(binary=True)
    return cursors[number].execute(said.words, said.values, prepare=said.is_kept)


@event.listens_for(Engine, "before_cursor_execute")
def _say_before(connection: Connection, *_: Any) -> None:
    _say_unsaid(connection)


@event.listens_for(Engine, "commit")
def _say_unsaid(connection: Connection) -> None:
    """What SQLAlchemy says by itself comes behind what was written ahead."""
    if connection.info.get(UNSAID):
        with _told(connection), _turn(connection):
            pass


@event.listens_for(Engine, "rollback")
def _forget_unsaid(connection: Connection) -> None:
    if not connection.invalidated:
        connection.info.pop(UNSAID, None)


@event.listens_for(Pool, "checkin")
def _let_begin_again(driver: psycopg.Connection[Any] | None, _: object) -> None:
    if driver is not None:
        _let_begin(driver)


def _let_begin(driver: psycopg.Connection[Any]) -> None:
    """Let psycopg begin transactions by itself again."""
    if driver.autocommit and _is_idle(driver):
        driver.autocommit = False


def _is_idle(driver: psycopg.Connection[Any]) -> bool:
    return driver.pgconn.transaction_status == TransactionStatus.IDLE


@contextmanager
def _told(connection: Connection, words: str | None = None) -> Iterator[None]:
    """An error of the driver as SQLAlchemy would tell it."""
    try:
        yield
    except psycopg.Error as error:
        if _driver(connection).closed:
            connection.invalidate(error)
        told = DBAPIError.instance(words, None, error, psycopg.Error, hide_parameters=True, dialect=connection.dialect)
        raise told from error


def _driver(connection: Connection) -> psycopg.Connection[Any]:
    return connection.connection.driver_connection  # type: ignore[return-value]


def _said(statement: TextClause, values: Mapping[str, Any]) -> Said:
    return Said(_spoken(statement), values, bool(statement.get_execution_options().get("prepare", True)))


@lru_cache(maxsize=256)
def _spoken(statement: TextClause) -> str:
    return str(statement.compile(dialect=DRIVER))
