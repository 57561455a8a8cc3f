"""Many rows in one statement, so that a thousand rows cost one round trip and one plan."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
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
    it is to be answered, where it may (`service.store.engine`): reading and planning it was a quarter of a mail's time
    there.
    """
    return _asked(session, statement, values).fetchall()


def write(session: Session, statement: TextClause, **values: Any) -> None:
    """The same for a statement that returns no rows. The caller commits."""
    _asked(session, statement, values)


def _asked(session: Session, statement: TextClause, values: Mapping[str, Any]) -> psycopg.Cursor[Any]:
    session.flush()
    connection = session.connection()
    words = _spoken(statement)
    cursor = _cursor(connection)
    try:
        return cursor.execute(words, values, prepare=True)
    except psycopg.Error as error:
        if cursor.connection.closed:
            connection.invalidate(error)
        told = DBAPIError.instance(words, None, error, psycopg.Error, hide_parameters=True, dialect=connection.dialect)
        raise told from error


def _cursor(connection: Connection) -> psycopg.Cursor[Any]:
    """The one through which a connection is asked all that is written out; a new one for each takes half the asking."""
    cursor: psycopg.Cursor[Any] | None = connection.info.get("cursor")
    if cursor is None:
        cursor = connection.info["cursor"] = connection.connection.driver_connection.cursor(binary=True)  # type: ignore[union-attr]
    return cursor


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
