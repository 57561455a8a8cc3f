"""What every table shares: the declarative base, its naming of constraints, and the shapes of columns."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from sqlalchemy import BigInteger, DateTime, Identity, MetaData, Text, func
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, mapped_column

# Names that do not depend on who made the table, so that a migration can always say which one it means.
NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

Id = Annotated[int, mapped_column(BigInteger, Identity(), primary_key=True)]
Instant = Annotated[datetime, mapped_column(DateTime(timezone=True))]
# Machine time, the database's own: rows that compare it must not depend on a host's clock.
Stamp = Annotated[datetime, mapped_column(DateTime(timezone=True), server_default=func.clock_timestamp())]
Json = dict[str, Any]


class Table(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map = {  # noqa: RUF012 (SQLAlchemy reads it as a class attribute)
        str: Text(),
        int: BigInteger(),
        datetime: DateTime(timezone=True),
        Json: JSONB(),
        list[str]: ARRAY(Text()),
    }
