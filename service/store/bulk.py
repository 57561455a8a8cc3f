"""Many rows in one statement, so that a thousand rows cost one round trip and one plan."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, TypeVarTuple

import orjson
import psycopg
from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    Text,
    TextClause,
    any_,
    bindparam,
    cast,
    column,
    func,
    select,
)
from sqlalchemy.dialects.postgresql import JSON
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from sqlalchemy.sql.selectable import Subquery
from sqlalchemy.types import TypeEngine, UserDefinedType

Types = TypeVarTuple("Types")
DRIVER = PGDialect_psycopg()  # type: ignore[no-untyped-call]


class Numbers(UserDefinedType[str]):
    """An array of numbers, as PostgreSQL writes it: ten times as fast as having each of its numbers dumped.

    It is bound as an array and not cast from text, so that the planner knows its numbers and how many they are.
    """

    cache_ok = True
    render_bind_cast = True

    def get_col_spec(self, **_: object) -> str:
        return "BIGINT[]"


def among(number: Any, ids: Collection[int]) -> ColumnElement[bool]:
    """`number IN (…)` for many: one array, where a parameter each would take longer to write than to look up."""
    return number == any_(bindparam(None, listed(ids), type_=Numbers(), unique=True))  # type: ignore[no-any-return]


def listed(ids: Collection[int]) -> str:
    """Numbers as PostgreSQL writes an array of them."""
    return "{" + ",".join(map(str, ids)) + "}"


def fetch(session: Session, query: Select[*Types]) -> Sequence[Row[*Types]]:
    """The rows of a query over columns, many of them: past the loading of objects, which takes as long as the rest."""
    session.flush()
    return session.connection().execute(query).all()


def read(session: Session, statement: TextClause, **values: Any) -> Sequence[tuple[Any, ...]]:
    """The rows of a statement that is written out.

    The driver is asked itself, and answers in binary: what SQLAlchemy puts together for each statement and each
    result, and times that are read from text, take three times as long as all the rest of asking. The server keeps how
    it is to be answered, where it may (`service.store.engine`) and the statement's option `prepare` does not forbid it:
    reading and planning it was a quarter of a mail's time there.
    """
    return _asked(session, statement, values).fetchall()


def read_together(session: Session, *asked: tuple[TextClause, Mapping[str, Any]]) -> list[Sequence[tuple[Any, ...]]]:
    """The rows of several statements, each with its values, in one round trip (PostgreSQL's pipeline mode).

    They are answered one after the other, and each sees what was committed before it began: the first may lock what
    the others read.
    """
    session.flush()
    connection = session.connection()
    words = [_spoken(statement) for statement, _ in asked]
    with _told(connection, "; ".join(words)):
        with _driver(connection).pipeline():
            cursors = [
                _cursor(connection, number).execute(words[number], values, prepare=_is_kept(statement))
                for number, (statement, values) in enumerate(asked)
            ]
        return [cursor.fetchall() for cursor in cursors]


def write(session: Session, statement: TextClause, **values: Any) -> None:
    """The same for a statement that returns no rows. The caller commits."""
    _asked(session, statement, values)


def _asked(session: Session, statement: TextClause, values: Mapping[str, Any]) -> psycopg.Cursor[Any]:
    session.flush()
    connection = session.connection()
    words = _spoken(statement)
    with _told(connection, words):
        return _cursor(connection).execute(words, values, prepare=_is_kept(statement))


@contextmanager
def _told(connection: Connection, words: str) -> Iterator[None]:
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


def _cursor(connection: Connection, number: int = 0) -> psycopg.Cursor[Any]:
    """One of those through which a connection is asked all that is written out, the first but for what is asked
    together; a new one for each statement takes half the asking."""
    cursors: dict[int, psycopg.Cursor[Any]] = connection.info.setdefault("cursors", {})
    if number not in cursors:
        cursors[number] = _driver(connection).cursor(binary=True)
    return cursors[number]


def _is_kept(statement: TextClause) -> bool:
    return bool(statement.get_execution_options().get("prepare", True))


@lru_cache(maxsize=256)
def _spoken(statement: TextClause) -> str:
    return str(statement.compile(dialect=DRIVER))


def document(rows: Sequence[Any]) -> str:
    """Rows, mappings or dataclasses, as the JSON document that `json_to_recordset` reads."""
    return orjson.dumps(rows).decode()


Columns = Mapping[str, TypeEngine[Any]]


def rows_of(name: str, columns: Columns, rows: Sequence[Sequence[Any]]) -> Subquery:
    """Rows as something to select from: `columns` are names and types, each row has their values in that order.

    They go as one JSON document, which is written and read ten times as fast as an array for each column.
    """
    written = document([dict(zip(columns, row, strict=True)) for row in rows])
    table = (
        func.json_to_recordset(cast(bindparam(f"{name}_rows", written, type_=Text()), JSON))
        .table_valued(*(column(each, kind) for each, kind in columns.items()), name=f"{name}_rows")
        .render_derived(with_types=True)
    )
    return select(table).subquery(name)
