"""Statements that are written out go to the driver itself, and as many of them in one round trip as there are to say.

What SQLAlchemy puts together for each statement and each result, and times that are read from text, take three times as
long as all the rest of asking. The server keeps how a statement is to be answered, where it may
(`service.store.engine`): reading and planning it was a quarter of a mail's time there. So none may need another plan
for other values.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import psycopg
from psycopg import errors
from psycopg.pq import TransactionStatus
from sqlalchemy import Connection, TextClause, event
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.engine import Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from service.store.engine import KEEPS
from service.store.turn import Rows, Said, Turns

DRIVER = PGDialect_psycopg(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]
UNSAID = "unsaid"  # under which a connection keeps what `write_ahead` was given
COMMIT, LIGHTLY = Said(b"COMMIT"), Said(b"SET LOCAL synchronous_commit = off")


def read(session: Session, statement: TextClause, **values: Any) -> Rows:
    """The rows of a statement that is written out."""
    return _ask(_reached(session), _said(statement, values))[-1]


def read_together(session: Session, *asked: tuple[TextClause, Mapping[str, Any]]) -> list[Rows]:
    """The rows of several statements, each with its values, in one round trip.

    They are answered one after the other, and each sees what was committed before it began: the first may lock what
    the others read.
    """
    return _ask(_reached(session), *(_said(*each) for each in asked))[-len(asked) :]


def read_alone(session: Session, statement: TextClause, **values: Any) -> Rows:
    """The rows of a statement that is a transaction by itself, and kept at once: one round trip for two. Where the
    session began one already, it belongs to that.

    With the statement's option `lasting=False` nobody waits until the disk has it: a crash of the server may undo it.
    """
    connection, said = _reached(session), _said(statement, values)
    if not _is_idle(connection) or connection.info.get(UNSAID):
        return _ask(connection, said)[-1]
    if statement.get_execution_options().get("lasting", True):
        return _ask(connection, said, begins=False)[-1]
    return _ask(connection, LIGHTLY, said, COMMIT)[-2]


def write(session: Session, statement: TextClause, **values: Any) -> None:
    """Say a statement that returns no rows. The caller commits."""
    _ask(_reached(session), _said(statement, values))


def write_ahead(session: Session, statement: TextClause, **values: Any) -> None:
    """The same of what nobody waits for: it is said in one round trip with whatever the session says next, be it the
    commit; that tells of its failure."""
    _reached(session).info.setdefault(UNSAID, []).append(_said(statement, values))


def commit(session: Session) -> None:
    """Commit, in one round trip with what was written ahead. The session has nothing more to say."""
    _ask(_reached(session), COMMIT)


def conclude(session: Session) -> None:
    """The same, only where there is something to commit; what the session knew of rows it forgets."""
    connection = _reached(session)
    if connection.info.get(UNSAID) or not _is_idle(connection):
        _ask(connection, COMMIT)
    if session.identity_map:
        session.expunge_all()


def _reached(session: Session) -> Connection:
    """Its connection, once what it holds is written."""
    session.flush()
    return session.connection()


def _ask(connection: Connection, *said: Said, begins: bool = True) -> list[Rows]:
    """One turn: this, behind what was left unsaid, and behind its BEGIN where no transaction has begun."""
    with _told(connection, *said):
        _refuse_failed(connection)
        turns = _turns(connection)
        unsaid = connection.info.get(UNSAID, ())
        begin = _begin(_driver(connection)) if begins and _is_idle(connection) else ()
        turns.say([*begin, *unsaid, *said])
        connection.info.pop(UNSAID, None)
        return turns.hear()


def _begin(driver: psycopg.Connection[Any]) -> Sequence[Said]:
    """As psycopg begins a transaction; it doesn't where one has begun."""
    if driver.autocommit:
        return ()
    level = f" ISOLATION LEVEL {driver.isolation_level.name.replace('_', ' ')}" if driver.isolation_level else ""
    mode = " READ ONLY" if driver.read_only else ""
    return (Said(f"BEGIN{level}{mode}".encode()),)


def _turns(connection: Connection) -> Turns:
    if "turns" not in connection.info:
        connection.info["turns"] = Turns(_driver(connection), may_keep=connection.info.get(KEEPS, False))
    return connection.info["turns"]  # type: ignore[no-any-return]


@event.listens_for(Engine, "before_cursor_execute")
def _say_before(connection: Connection, *_: Any) -> None:
    _say_unsaid(connection)


@event.listens_for(Engine, "commit")
def _commit_what_holds(connection: Connection) -> None:
    with _told(connection, COMMIT):
        _refuse_failed(connection)
    _say_unsaid(connection)


def _say_unsaid(connection: Connection) -> None:
    """What SQLAlchemy says by itself comes behind what was written ahead."""
    if connection.info.get(UNSAID):
        _ask(connection)


def _refuse_failed(connection: Connection) -> None:
    """A COMMIT behind a statement that failed is answered with ROLLBACK, which is no error to libpq, psycopg or
    SQLAlchemy: who had swallowed the failure would take an intent for committed (PostgreSQL 18, COMMIT)."""
    if _driver(connection).pgconn.transaction_status == TransactionStatus.INERROR:
        raise errors.InFailedSqlTransaction(
            "a statement of this transaction failed, so nothing of it holds: roll it back"
        )


@event.listens_for(Engine, "rollback")
def _forget_unsaid(connection: Connection) -> None:
    if not connection.invalidated:
        connection.info.pop(UNSAID, None)


@contextmanager
def _told(connection: Connection, *said: Said) -> Iterator[None]:
    """An error of the driver as SQLAlchemy would tell it."""
    try:
        yield
    except psycopg.Error as error:
        if _driver(connection).closed:
            connection.invalidate(error)
        words = "; ".join(each.words.decode() for each in said) or None
        told = DBAPIError.instance(words, None, error, psycopg.Error, hide_parameters=True, dialect=connection.dialect)
        raise told from error


def _driver(connection: Connection) -> psycopg.Connection[Any]:
    return connection.connection.driver_connection  # type: ignore[return-value]


def _is_idle(connection: Connection) -> bool:
    return _driver(connection).pgconn.transaction_status == TransactionStatus.IDLE


def _said(statement: TextClause, values: Mapping[str, Any]) -> Said:
    words, names = _spoken(statement)
    return Said(words, [values[name] for name in names])


@lru_cache(maxsize=256)
def _spoken(statement: TextClause) -> tuple[bytes, Sequence[str]]:
    """Its words, and the names of their values in the order of `$1`, `$2`, …"""
    compiled = statement.compile(dialect=DRIVER)
    return str(compiled).encode(), compiled.positiontup or ()
