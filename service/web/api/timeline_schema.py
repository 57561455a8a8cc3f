"""The entries of a timeline: touches, tasks, events, acts of consent."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import Field

from service.store.delivery import State
from service.web.api.paging import PageQuery
from service.web.api.schema import Instant, Out


class TimelineEntry(Out):
    """`at` in UTC; `local` is the same on the person's own clock."""

    at: Instant
    local: str = Field(description="ISO 8601 with the offset of the person's time zone.")


class DecisionOut(Out):
    """One verdict on a mail: the rule, the few numbers it was decided by, and a sentence with a date."""

    at: Instant
    rule: str = Field(
        description="`slot`, `window`, `gap`, `per-week`, `pressure`, `rest`, `due`, `sunset`, `pacing` …"
    )
    verdict: str = Field(description="`cleared`, `held`, `expired`.")
    until: Instant | None = Field(description="When it is looked at again, where it is held.")
    sentence: str
    inputs: dict[str, Any]


class FeedbackOut(Out):
    """What a provider, or a mail that came back, told of it."""

    at: Instant
    what: str = Field(description="`delivered`, `deferred`, `bounced`, `complained`, `opened`, `clicked`, `rejected` …")
    bounce: str | None = Field(description="Why it came back: `hard`, `soft`, `blocked`, `policy`, `echo`.")
    provider: str
    code: str
    words: str = Field(description="What the other side said.")
    is_machine: bool = Field(description="The provider took an open or click for a machine's.")


class TouchEntry(TimelineEntry):
    """A touch, past or planned, in the state it is in, and why."""

    entry: Literal["touch"] = "touch"
    sequence: str
    step: str
    kind: str = Field(description="`email`, `task`, `set` …")
    state: State
    rule: str | None = Field(description="What decided the state.")
    reason: str | None
    until: Instant | None = Field(
        description="When a held mail is looked at again, or one that is paced or not taken yet leaves at the earliest."
    )
    mail_class: str | None = Field(
        serialization_alias="class", description="`service`, `letter` …; null where the step was taken out since."
    )
    transactional: bool
    enrolment: int
    delivery: int
    task: int | None = Field(description="What a colleague has to do for it, or has done: see /tasks.")
    decisions: list[DecisionOut] = Field(description="All about its mail, in order, without mere repetitions.")
    feedback: list[FeedbackOut] = Field(description="What was told of its mail, in the order in which it happened.")


class AheadEntry(TimelineEntry):
    """A touch to come, as it would be if the person, and every colleague, did nothing."""

    sequence: str
    step: str
    kind: str = Field(description="`email`, `task`, `set` …")
    state: Literal["sent", "done", "open", "held", "skipped", "expired", "cancelled"]
    rule: str = Field(description="What would decide it.")
    reason: str
    until: Instant | None = Field(description="When a mail that is still held then is looked at again.")
    holds: list[str] = Field(description="Why it would have to wait before that, each in a sentence.")
    mail_class: str = Field(serialization_alias="class")
    transactional: bool
    enrolment: int | None = Field(description="null: the person is not in it yet.")
    delivery: int | None = Field(description="null: it is not planned yet.")


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
    """An act of consent, with its evidence. `topic` null: all marketing, or all of a `channel` that is not mail."""

    entry: Literal["consent"] = "consent"
    topic: str | None
    act: str = Field(description="`requested`, `confirmed`, `withdrawn`.")
    basis: str = Field(description="`consent` or `inquiry`.")
    channel: str = Field(description="`email`, `phone`, `text`.")
    expires_at: Instant | None = Field(description="When an inquiry stops being a reason to write.")
    source: str
    form: str | None
    page: str | None
    network_address: str | None
    user_agent: str | None
    wording: str | None
    version: str | None = Field(description="Of the wording: the first 12 hexadecimal digits of its SHA-256.")


class TimelinePage(Out):
    """The story from its beginning; what is planned stands at its end."""

    items: list[Annotated[TouchEntry | TaskEntry | EventEntry | ConsentEntry, Field(discriminator="entry")]]
    next: str | None = Field(description="The cursor of the next page; null at the end.")
    ahead: list[AheadEntry] | None = Field(
        description="What would come in the next `days`, looked ahead for. Only where `days` asks, on the first page."
    )


class TimelineQuery(PageQuery):
    """Which page of the story, and how far to look ahead."""

    days: int = Field(default=30, ge=0, le=90, description="For how many days to look ahead; 0: not at all.")
