"""Tasks as programs read and settle them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Literal

from pydantic import BaseModel, Field

from service.web.api.paging import LARGEST_ID, PageQuery, never_null
from service.web.api.schema import In, Instant, Line, Moment, Name, Out, Text, shown_as

TaskState = Literal["open", "done", "skipped", "expired", "cancelled"]


class TaskPath(BaseModel):
    id: int


class TaskQuery(PageQuery):
    """Which tasks. Several conditions all hold."""

    state: TaskState | None = Field(default=None, json_schema_extra=never_null)
    assignee: str | None = Field(
        default=None, max_length=254, description="A name of `people`.", json_schema_extra=never_null
    )
    contact: int | None = Field(
        default=None, ge=1, le=LARGEST_ID, description="A contact's id.", json_schema_extra=never_null
    )
    overdue: bool = Field(default=False, description="Only what is open and was due before now.")


class TaskOut(Out):
    """A touch by a person. `outcomes` are those to choose from, `asks` the fields to fill in, with their types."""

    id: int
    contact: int
    enrolment: int
    delivery: int | None = Field(description="The touch that it belongs to; null where a reply opened it.")
    sequence: str
    step: str | None = Field(description="null where a reply opened it.")
    what: str = Field(description="`call`, `gift`, `card` …: the words behind `Task:`.")
    assignee: str = Field(description="A name of `people`, or a colleague's address.")
    state: TaskState
    reason: str | None = Field(description="What is to be known of it while it is open, then how it ended.")
    outcomes: list[str]
    outcome: str | None
    note: str | None
    asks: dict[str, str | list[str]]
    asked: dict[str, Any] = Field(description="What was filled in.")
    cost: Decimal | None = Field(description="In the business's currency.")
    opened_at: Instant
    due_at: Instant | None
    overdue: bool
    reminded_at: Instant | None
    snoozed_until: Instant | None
    closed_at: Instant | None


class TaskPage(Out):
    """Tasks, the newest first."""

    items: list[TaskOut]
    next: str | None = Field(description="The cursor of the next page; null at the end.")


class DoneIn(In):
    """How it went. `outcome` is needed where the task offers any; `asked` is written to the contact."""

    model_config = shown_as({"outcome": "reached", "note": "She laughed.", "asked": {}})

    outcome: Line = Field(default=None, description="One of the task's `outcomes`.")
    note: Text = None
    asked: dict[Name, Any] = Field(default={}, max_length=50, description="Values by field; what is empty is left out.")


class SkipIn(In):
    """Why it won't be done."""

    model_config = shown_as({"reason": "she was here yesterday"})

    reason: Line = Field(default=None, description="It stands in the task's reason.")


class SnoozeIn(In):
    """When to come back to it."""

    model_config = shown_as({"until": "2027-01-27 09:00"})

    until: Moment = Field(description="Ahead, within a year. Without an offset: the business's local time.")
