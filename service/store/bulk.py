"""Many rows in one statement, so that a thousand rows cost one round trip and one plan."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, TypeVarTuple

import orjson
from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    Text,
    any_,
    bindparam,
    cast,
    column,
    func,
    select,
)
from sqlalchemy.dialects.postgresql import JSON
from sqlalchemy.orm import Session
from sqlalchemy.sql.selectable import Subquery
from sqlalchemy.types import TypeEngine, UserDefinedType

Types = TypeVarTuple("Types")


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
