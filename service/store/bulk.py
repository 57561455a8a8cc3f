"""Many rows in one statement: values go as arrays, so that a thousand rows cost one round trip and one plan."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, any_, bindparam, column, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.sql.selectable import Subquery
from sqlalchemy.types import TypeEngine


def among(number: Any, ids: Collection[int]) -> ColumnElement[bool]:
    """`number IN (…)` for many: one array, where a parameter each would take longer to write than to look up."""
    return number == any_(bindparam(None, list(ids), type_=ARRAY(BigInteger), unique=True))  # type: ignore[no-any-return]


Columns = Mapping[str, TypeEngine[Any]]


def rows_of(name: str, columns: Columns, rows: Sequence[Sequence[Any]]) -> Subquery:
    """Rows as something to select from: `columns` are names and types, each row has their values in that order."""
    values = zip(*rows, strict=True) if rows else ([] for _ in columns)
    arrays = [
        bindparam(f"{name}_{each}", list(of), type_=ARRAY(kind))
        for (each, kind), of in zip(columns.items(), values, strict=True)
    ]
    table = (
        func.unnest(*arrays)
        .table_valued(*(column(each, kind) for each, kind in columns.items()), name=f"{name}_rows")
        .render_derived()
    )
    return select(table).subquery(name)
