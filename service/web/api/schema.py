"""The types that the API's own types are made of."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, cast

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainValidator, WithJsonSchema

from service.domain.contact import MAX_ADDRESS, Address, read_address
from service.domain.field import read_instant, read_month_day, read_zone
from service.web.api.paging import LARGEST_ID, absent_is_not_null
from service.web.public.line import read_line

LONGEST_TEXT = 2_000  # characters


class In(BaseModel):
    """What a program sends: a field that nobody knows is a mistake, and said to be one."""

    model_config = ConfigDict(extra="forbid", json_schema_extra=absent_is_not_null)


def shown_as(example: object) -> ConfigDict:
    """The example that the documentation shows, and sends when somebody tries it."""
    return cast(ConfigDict, {"openapi_extra": {"example": example}})


def searched_as(example: object) -> ConfigDict:
    """The example of a list's query that is sent in a body, where a number is a number and no text of one."""
    return ConfigDict(**shown_as(example), strict=True)


class Out(BaseModel):
    """What a program gets."""

    model_config = ConfigDict(from_attributes=True, serialize_by_alias=True)


def _a_text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("This should be a text.")
    return value


def _or_none(read: Callable[[str], Any]) -> PlainValidator:
    """Reads a text; null and an empty text are nothing."""
    return PlainValidator(lambda value: None if value is None or value == "" else read(_a_text(value)) or None)


def _text(longest: int = LONGEST_TEXT) -> Callable[[str], str]:
    def read(value: str) -> str:
        if len(value) > longest:
            raise ValueError(f"This has more than {longest} characters.")
        return value.strip()

    return read


def _schema(**of_text: Any) -> WithJsonSchema:
    return WithJsonSchema({"anyOf": [{"type": "string", **of_text}, {"type": "null"}]})


def _utc(at: datetime) -> datetime:
    return at.astimezone(UTC)


# Out
Instant = Annotated[datetime, AfterValidator(_utc)]

# In
Email = Annotated[
    Address,
    PlainValidator(lambda value: read_address(_a_text(value))),
    WithJsonSchema({"type": "string", "format": "email", "maxLength": MAX_ADDRESS}),
]
RowId = Annotated[int, Field(strict=True, ge=1, le=LARGEST_ID)]
Line = Annotated[str | None, _or_none(read_line), _schema(maxLength=200)]
Text = Annotated[str | None, _or_none(_text()), _schema(maxLength=LONGEST_TEXT)]
Name = Annotated[
    str,
    PlainValidator(lambda value: _name(_a_text(value))),
    WithJsonSchema({"type": "string", "minLength": 1, "maxLength": 200}),
]
Moment = Annotated[
    datetime | None,
    _or_none(read_instant),
    _schema(examples=["2026-01-27T16:00:00+01:00", "2026-01-27 16:00"]),
]
TimeZone = Annotated[str | None, _or_none(read_zone), _schema(example="Europe/Berlin")]
MonthDay = Annotated[str | None, _or_none(read_month_day), _schema(example="05-04")]
Stage = Literal["lead", "client", "lapsed", "former"]


def _name(value: str) -> str:
    line = read_line(value)
    if not line:
        raise ValueError("This can't be empty.")
    return line
