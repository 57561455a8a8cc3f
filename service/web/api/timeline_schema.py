"""The entries of a timeline: touches, tasks, events, acts of consent."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import Field

from service.store.delivery import State
from service.web.api.schema import Instant, Out


class TimelineEntry(Out):
    """`at` in UTC; `local` is the same on the person's own clock."""

    at: Instant
    local: str = Field(description="ISO 8601 with the offset of the person's time zone.")


class TouchEntry(TimelineEntry):
    """A touch, past or planned, in the state it is in, and why."""

    entry: Literal["touch"] = "touch"
    sequence: str
    step: str
    kind: str = Field(description="`email`, `task`, `set` …")
    state: State
    reason: str | None
    mail_class: str | None = Field(
        serialization_alias="class", description="`service`, `letter` …; null where the step was taken out since."
    )
    transactional: bool
    enrolment: int
    delivery: int
    task: int | None = Field(description="What a colleague has to do for it, or has done: see /tasks.")


class TaskEntry(TimelineEntry):
    """Something that a colleague has to do and that belongs to no touch: the person wrote back."""

    entry: Literal["task"] = "task"
    id: int
    what: str
    assignee: str
    state: str
    sentence: str


class EventEntry(TimelineEntry):
    """Something that happened: told by a program, or seen by the service (`signup`, `click` of a person …)."""

    entry: Literal["event"] = "event"
    id: int
    name: str
    key: str | None
    about: str | None
    data: dict[str, Any]
    value: Decimal | None
    currency: str | None
    replaced: bool = Field(description="Told again since about the same thing: this one counts no longer.")
    sentence: str | None = Field(description="In words, for answers, replies and tasks.")


class ConsentEntry(TimelineEntry):
    """An act of consent, with its evidence. `topic` null: all marketing."""

    entry: Literal["consent"] = "consent"
    topic: str | None
    act: str = Field(description="`requested`, `confirmed`, `withdrawn`.")
    basis: str
    source: str
    wording: str | None


class TimelinePage(Out):
    """The story from its beginning; what is planned stands at its end."""

    items: list[Annotated[TouchEntry | TaskEntry | EventEntry | ConsentEntry, Field(discriminator="entry")]]
    next: str | None = Field(description="The cursor of the next page; null at the end.")
