"""Pages of a long list: each names where the next one begins, in a cursor that is nobody's business."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field, field_validator

LARGEST_ID = 2**63 - 1

Row = TypeVar("Row")


class BadCursor(ValueError):  # noqa: N818 (what the answer says)
    """A cursor that we did not give."""


def absent_is_not_null(schema: dict[str, Any]) -> None:
    """What is left out is no null, so null is not described as its default."""
    for each in schema.get("properties", {}).values():
        if each.get("default", "") is None:
            del each["default"]


def never_null(schema: dict[str, Any]) -> None:
    """Of a field that may be left out but can't be null: null is only our own sign that it was left out."""
    schema |= next(each for each in schema.pop("anyOf") if each.get("type") != "null")


class PageQuery(BaseModel):
    """Which page of a list."""

    model_config = ConfigDict(extra="forbid", json_schema_extra=absent_is_not_null)

    limit: int = Field(default=50, ge=1, le=200, description="How many at most.")
    cursor: str | None = Field(
        default=None, max_length=300, description="`next` of the page before.", json_schema_extra=never_null
    )

    @field_validator("*", mode="before")
    @classmethod
    def _is_something(cls, value: object) -> object:
        if value is None:
            raise ValueError("This can't be null; leave it out.")
        return value


@dataclass(frozen=True, slots=True)
class Cut(Generic[Row]):
    """The rows of one page, and the cursor of the next one, None at the end."""

    rows: list[Row]
    next: str | None


def cut(rows: Sequence[Row], limit: int, place: Callable[[Row], Sequence[object]]) -> Cut[Row]:
    """A page out of up to `limit` + 1 rows; `place` says where in the order a row stands."""
    kept = list(rows[:limit])
    return Cut(kept, _write(place(kept[-1])) if len(rows) > limit else None)


def read_id(cursor: str | None) -> int | None:
    """The id in a cursor. Raises BadCursor."""
    if cursor is None:
        return None
    match _read(cursor):
        case [int(row_id)] if 0 <= row_id <= LARGEST_ID:
            return row_id
        case _:
            raise BadCursor


def read_place(cursor: str | None, kinds: Sequence[str]) -> tuple[datetime, str, int] | None:
    """The instant, kind and id in a cursor. Raises BadCursor."""
    if cursor is None:
        return None
    match _read(cursor):
        case [str(at), str(kind), int(row_id)] if kind in kinds and 0 <= row_id <= LARGEST_ID:
            return _instant(at), kind, row_id
        case _:
            raise BadCursor


def _instant(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise BadCursor from None
    if at.tzinfo is None:
        raise BadCursor
    return at


def _write(place: Sequence[object]) -> str:
    parts = [each.isoformat() if isinstance(each, datetime) else each for each in place]
    return urlsafe_b64encode(json.dumps(parts, separators=(",", ":")).encode()).decode().rstrip("=")


def _read(cursor: str) -> object:
    try:
        return json.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, RecursionError):
        raise BadCursor from None
