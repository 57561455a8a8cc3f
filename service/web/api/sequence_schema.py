"""Sequences as programs read them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, Field

from service.domain.sequence.model.enrol import Trigger
from service.domain.sequence.model.sequence import Sequence
from service.domain.sequence.model.step import Step
from service.domain.sequence.words import as_written, when_in_words
from service.web.api.schema import Out


class SequencePath(BaseModel):
    key: str


class StepOut(Out):
    """A touch. `subjects` has one line, or one for each variant."""

    key: str
    title: str
    when: str = Field(description="`Day 3 at 10:00`, `2 days later`, `On the day` …")
    kind: str = Field(description="`email`, `task`, or what happens first: `set`, `tag` …")
    mail_class: str = Field(serialization_alias="class", description="`service`, `letter`, `nudge` …")
    subjects: list[str]
    condition: str | None = Field(description="Asked when it is due; where it does not hold, the touch is skipped.")


class SequenceHead(Out):
    """What a sequence is, and how many people are where in it."""

    key: str
    title: str
    stage: str
    topic: str
    status: str
    begins: list[str] = Field(description="As in `enrol.on`: `signup`, `event visit.completed` …")
    enrolments: dict[str, int] = Field(description="How many by their state: `active`, `finished`, `converted` …")


class SequenceSummary(SequenceHead):
    """A sequence, with the number of its steps."""

    steps: int


class SequenceOut(SequenceHead):
    """A sequence with its steps."""

    steps: list[StepOut]


class SequenceList(Out):
    """All sequences that are published."""

    items: list[SequenceSummary]


def summarize(sequence: Sequence, counts: Mapping[str, int]) -> SequenceSummary:
    """A line of the list."""
    return SequenceSummary(**_head(sequence, counts), steps=len(sequence.steps))


def describe(sequence: Sequence, counts: Mapping[str, int]) -> SequenceOut:
    """The whole of it."""
    return SequenceOut(**_head(sequence, counts), steps=[_step(each) for each in sequence.steps])


def kind_of(step: Step) -> str:
    """What sort of touch it is, in the words of the simulator: `email`, `task`, `set` …"""
    if step.is_email:
        return "email"
    if step.task is not None:
        return "task"
    return step.actions[0].verb if step.actions else "email"


def _head(sequence: Sequence, counts: Mapping[str, int]) -> dict[str, Any]:
    return {
        "key": sequence.key,
        "title": sequence.title,
        "stage": sequence.stage,
        "topic": sequence.topic,
        "status": sequence.status,
        "begins": [_trigger(each) for each in sequence.enrol.on],
        "enrolments": dict(counts),
    }


def _trigger(trigger: Trigger) -> str:
    duration = f"for {trigger.duration}" if trigger.duration else ""
    return " ".join(each for each in (trigger.on, trigger.name, duration) if each)


def _step(step: Step) -> StepOut:
    return StepOut(
        key=step.key,
        title=step.title,
        when=when_in_words(step.when),
        kind=kind_of(step),
        mail_class=step.kind,
        subjects=[as_written(each) for each in step.subjects],
        condition=step.condition.source if step.condition else None,
    )
