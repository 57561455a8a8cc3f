"""Many rows in one statement, so that a thousand rows cost one round trip and one plan."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVarTuple

from sqlalchemy import BigInteger, ColumnElement, Row, Select, Text, any_, bindparam, cast, column, func, select
from sqlalchemy.dialects.postgresql import ARRAY, JSON
from sqlalchemy.orm import Session
from sqlalchemy.sql.selectable import Subquery
from sqlalchemy.types import TypeEngine

Types = TypeVarTuple("Types")


def among(number: Any, ids: Collection[int]) -> ColumnElement[bool]:
    """`number IN (…)` for many: one array, where a parameter each would take longer to write than to look up.

    It goes as PostgreSQL writes it, which is ten times as fast as having each of its numbers dumped.
    """
    return number == any_(_array(ids))  # type: ignore[no-any-return]


def one_by_one(number: Any, ids: Collection[int]) -> ColumnElement[bool]:
    """The same for a column whose table has another index that promises fewer rows.

    PostgreSQL would walk all of those and compare each with every id, which took eight times as long as the rest of
    arbitration together: 0.8 s for 500 ids among 30,000 rows.
    """
    return number.in_(select(func.unnest(_array(ids))))  # type: ignore[no-any-return]


def _array(ids: Collection[int]) -> Any:
    written = "{" + ",".join(map(str, ids)) + "}"
    return cast(bindparam(None, written, type_=Text(), unique=True), ARRAY(BigInteger))


def fetch(session: Session, query: Select[*Types]) -> Sequence[Row[*Types]]:
    """The rows of a query over columns, many of them: past the loading of objects, which takes as long as the rest."""
    session.flush()
    return session.connection().execute(query).all()


Columns = Mapping[str, TypeEngine[Any]]


def rows_of(name: str, columns: Columns, rows: Sequence[Sequence[Any]]) -> Subquery:
    """Rows as something to select from: `columns` are names and types, each row has their values in that order.

    They go as one JSON document, which is written and read ten times as fast as an array for each column.
    """
    document = json.dumps([dict(zip(columns, row, strict=True)) for row in rows], default=_plain)
    table = (
        func.json_to_recordset(cast(bindparam(f"{name}_rows", document, type_=Text()), JSON))
        .table_valued(*(column(each, kind) for each, kind in columns.items()), name=f"{name}_rows")
        .render_derived(with_types=True)
    )
    return select(table).subquery(name)


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} can't be passed on in bulk")
