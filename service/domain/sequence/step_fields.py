"""What a step's fields mean: subjects, conditions, times, tasks and riding actions."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import TypeVar

from service.domain.arm import HOLDOUT
from service.domain.sequence.draft import Asked, Draft
from service.domain.sequence.fields import StepField
from service.domain.sequence.findings import Fault, Findings
from service.domain.sequence.manuscript import Manuscript
from service.domain.sequence.model.duration import Duration
from service.domain.sequence.model.expression import Expression
from service.domain.sequence.model.place import Place
from service.domain.sequence.model.sequence import Sequence
from service.domain.sequence.model.step import Action, Step, TaskField, When
from service.domain.sequence.riding import read_set, read_tags
from service.domain.sequence.sender import read_sender
from service.domain.sequence.spelling import did_you_mean
from service.domain.sequence.subjects import SubjectReader
from service.domain.sequence.times import read_duration, read_window
from service.domain.sequence.vocabulary import Kind

ACTIONS = ("Set", "Tag", "Webhook", "Enrol", "Leave")
OF_TASKS = ("Assign", "Due", "Cost", "Ask")

_Value = TypeVar("_Value")
_COST = re.compile(r"\d{1,6}(\.\d{1,2})?")


@dataclass(slots=True)
class StepFields:
    """The fields of one step, read into a `Step` without its body."""

    fields: list[StepField]
    place: Place
    manuscript: Manuscript
    sequence: Sequence
    draft: Draft
    findings: Findings

    def one(self, name: str) -> StepField | None:
        return next((each for each in self.fields if each.name == name), None)

    def read(self, key: str, title: str, when: When) -> Step:
        """The step; its conditions and merge fields are noted in the draft."""
        condition = self._asked("If", key, deciding=True)
        task = self._task()
        lines = SubjectReader(self.manuscript, self.draft, self.findings, key, condition)
        subjects = lines.subjects(self.fields, self._arms())
        actions = self._actions(key)
        if not subjects and task is None and not actions:
            message = "This mail has no subject."
            hint = "write `Subject: …` right below the heading, or `Task: call` if a person does it"
            self.findings.error(self.place, "missing-subject", message, hint)
        wait_for, wait_up_to = self._wait(key)
        preview = self.one("Preview")
        return Step(
            key=key,
            title=title,
            when=when,
            place=self.place,
            kind=self._kind(),
            subjects=subjects,
            preview=lines.line(preview) if preview else None,
            condition=condition,
            wait_for=wait_for,
            wait_up_to=wait_up_to,
            drop_after=self._length("Drop after"),
            window=self._value("Window", read_window),
            task=task,
            actions=actions,
            template=self._named("Template", "template"),
            sender=self._value("From", read_sender),
            reply_to=self._value("Reply to", read_sender),
        )

    def _value(self, name: str, reader: Callable[[str], _Value]) -> _Value | None:
        field = self.one(name)
        return self.findings.attempt(field.place, reader, field.value) if field else None

    def _length(self, name: str) -> Duration | None:
        return self._value(name, read_duration)

    def _named(self, name: str, kind: str) -> str | None:
        field = self.one(name)
        if field is None:
            return None
        self.draft.refer(kind, field.value, field.place)
        return field.value

    def _kind(self) -> Kind:
        field = self.one("Kind")
        if field is None:
            return self.sequence.kind
        if field.value in tuple(Kind):
            return Kind(field.value)
        message = f"There is no kind of mail `{field.value[:60]}`."
        self.findings.error(field.place, "unknown-kind", message, did_you_mean(field.value, Kind))
        return self.sequence.kind

    def _asked(self, name: str, key: str, deciding: bool = False) -> Expression | None:
        field = self.one(name)
        if field is None:
            return None
        expression = Expression(field.value, field.place)
        self.draft.asked.append(Asked(expression, key, deciding))
        return expression

    def _wait(self, key: str) -> tuple[Expression | None, Duration | None]:
        wait_for, wait_up_to = self.one("Wait for"), self.one("Wait up to")
        if wait_for and not wait_up_to:
            message = "`Wait for` without `Wait up to` could wait for ever."
            self.findings.error(wait_for.line, "wait-without-end", message, "add a line like `Wait up to: 3 days`")
        if wait_up_to and not wait_for:
            message = "`Wait up to` says how long, but not for what."
            self.findings.error(wait_up_to.line, "wait-without-end", message, 'add `Wait for: done("the-step")`')
        return self._asked("Wait for", key), self._length("Wait up to")

    def _arms(self) -> tuple[str, ...]:
        """The arms of the test that may have a subject of their own."""
        return tuple(arm for arm, _ in self.sequence.arms if arm != HOLDOUT)

    def _task(self) -> TaskField | None:
        task = self.one("Task")
        if task is None:
            for each in self.fields:
                if each.name in OF_TASKS:
                    message = f"`{each.name}` belongs to a task, and this step is none."
                    self.findings.error(each.line, "no-task", message, "add `Task: call`, or remove the line")
            return None
        for each in self.fields:
            if each.name in {"Subject", "Preview"}:
                message = f"A task is done by a person and has no `{each.name}`."
                self.findings.error(each.line, "task-with-subject", message, "make it two steps")
        ask = self.one("Ask")
        asked = tuple(part.strip() for part in ask.value.split(",")) if ask else ()
        for each_field in asked:
            self.draft.refer("asked field", each_field, ask.place if ask else task.place)
        return TaskField(task.value, self._assign(task), self._length("Due"), self._value("Cost", read_cost), asked)

    def _assign(self, task: StepField) -> str:
        assign = self.one("Assign")
        if assign is None:
            message = "This task is nobody's."
            self.findings.error(task.line, "missing-assign", message, "add a line like `Assign: front-desk`")
            return ""
        if assign.value.startswith("contact."):
            self.draft.refer("person field", assign.value.removeprefix("contact."), assign.place)
        else:
            self.draft.refer("person", assign.value, assign.place)
        return assign.value

    def _actions(self, key: str) -> tuple[Action, ...]:
        fields = [each for each in self.fields if each.name in ACTIONS]
        for each in fields:
            if each.name == "Set":
                assigned = self.findings.attempt(each.place, partial(read_set, place=each.place, step=key), each.value)
                self.draft.assigned += [assigned] if assigned else []
            elif each.name == "Tag":
                self.findings.attempt(each.place, read_tags, each.value)
            elif each.name == "Webhook":
                self.draft.refer("webhook", each.value, each.place)
            elif each.name == "Enrol" or each.value != "all":
                self.draft.refer("sequence", each.value, each.place)
        return tuple(Action(each.name.lower(), each.value, each.place) for each in fields)


def read_cost(text: str) -> Decimal:
    """`6.00`, in the business's currency. Raises Fault `bad-cost`."""
    if not _COST.fullmatch(text.strip()):
        raise Fault("bad-cost", f"`{text[:60]}` is not an amount of money.", "write it like `6.00`, without a currency")
    return Decimal(text.strip())
