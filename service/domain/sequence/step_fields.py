"""What a step's fields mean: subjects, conditions, times, tasks and riding actions."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeVar

from service.domain.sequence.body import expression_of
from service.domain.sequence.draft import Asked, Draft, Printed
from service.domain.sequence.fields import StepField
from service.domain.sequence.findings import Fault, Findings
from service.domain.sequence.manuscript import Manuscript
from service.domain.sequence.model import (
    PLACEHOLDER,
    Action,
    Duration,
    Expression,
    Kind,
    Place,
    Sequence,
    Step,
    Subject,
    TaskField,
    Unit,
    When,
    placeholder,
)
from service.domain.sequence.sender import read_sender
from service.domain.sequence.spelling import did_you_mean
from service.domain.sequence.times import read_duration, read_window

MAX_SUBJECT = 70  # characters that phones and Gmail show
ACTIONS = ("Set", "Tag", "Webhook", "Enrol", "Leave")
OF_TASKS = ("Assign", "Due", "Cost", "Ask")
HOLDOUT = "holdout"

_Value = TypeVar("_Value")
_COST = re.compile(r"\d{1,6}(\.\d{1,2})?")
_LETTER = re.compile(r"[A-Z]")
_FALLBACK = re.compile(r"""\bor\s+["'“„]([^"'“”]*)["'“”]\s*$""")
_VALUE_LENGTH = 8  # characters that a merge field without a fallback is taken for


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
        subjects = self._subjects(key, condition)
        actions = self._actions()
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
            preview=self._line(preview, key, condition) if preview else None,
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
        length = self._value(name, read_duration)
        field = self.one(name)
        if field and length and length.unit is Unit.RHYTHMS:
            self.findings.use("rhythms", field.place)
        return length

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
        if wait_for:
            self.findings.use("Wait for", wait_for.line)
        if wait_for and not wait_up_to:
            message = "`Wait for` without `Wait up to` could wait for ever."
            self.findings.error(wait_for.line, "wait-without-end", message, "add a line like `Wait up to: 3 days`")
        if wait_up_to and not wait_for:
            message = "`Wait up to` says how long, but not for what."
            self.findings.error(wait_up_to.line, "wait-without-end", message, 'add `Wait for: done("the-step")`')
        return self._asked("Wait for", key), self._length("Wait up to")

    def _subjects(self, key: str, condition: Expression | None) -> tuple[Subject, ...]:
        found = [each for each in self.fields if each.name == "Subject"]
        for each in found:
            self._length_of_subject(each)
        arms = [each.arm for each in found if each.arm]
        if arms:
            self.findings.use("Subject A", next(each.line for each in found if each.arm))
            self._arms(found)
        return tuple(self._line(each, key, condition) for each in found)

    def _arms(self, found: list[StepField]) -> None:
        arms = {arm for arm, _ in self.sequence.arms} - {HOLDOUT}
        for each in found:
            if each.arm and arms and each.arm not in arms:
                message = f"The test has no arm `{each.arm[:40]}`."
                self.findings.error(each.line, "unknown-arm", message, did_you_mean(each.arm, arms))
            elif not arms and not (each.arm and _LETTER.fullmatch(each.arm)):
                message = "Where subjects take turns, each has a letter."
                self.findings.error(each.line, "bad-arms", message, "write `Subject A:` and `Subject B:`")
        if not arms and len(found) == 1:
            message = f"`Subject {found[0].arm}` stands alone, so there is nothing to compare."
            self.findings.error(found[0].line, "bad-arms", message, "write `Subject:`, or add `Subject B:`")

    def _line(self, field: StepField, key: str, condition: Expression | None) -> Subject:
        """A subject or preview, its merge fields numbered from 0."""
        expressions: list[Expression] = []
        given = ((condition, True),) if condition else ()

        def renumber(found: re.Match[str]) -> str:
            expressions.append(expression_of(self.manuscript.pieces[int(found[1])]))
            self.draft.printed.append(Printed(expressions[-1], key, given))
            return placeholder(len(expressions) - 1)

        pieces = (self.manuscript.pieces[int(found[1])] for found in PLACEHOLDER.finditer(field.value))
        tag = next((piece for piece in pieces if piece.tag and not piece.broken), None)
        if tag is not None:
            message = f"`{field.name}` is one line: `{{% … %}}` has no place in it."
            hint = 'write {{ "this" if contact.phone else "that" }}'
            self.findings.error(tag.place, "if-not-alone", message, hint)
        return Subject(PLACEHOLDER.sub(renumber, field.value), tuple(expressions), field.place, field.arm)

    def _length_of_subject(self, field: StepField) -> None:
        def shown(found: re.Match[str]) -> str:
            fallback = _FALLBACK.search(self.manuscript.pieces[int(found[1])].source)
            return fallback[1] if fallback else "x" * _VALUE_LENGTH

        length = len(PLACEHOLDER.sub(shown, field.value))
        if length > MAX_SUBJECT:
            message = f"This subject has {length} characters; phones show about {MAX_SUBJECT}."
            self.findings.warn(field.place, "long-subject", message, "say it shorter, or move the rest to `Preview`")

    def _task(self) -> TaskField | None:
        task = self.one("Task")
        if task is None:
            for each in self.fields:
                if each.name in OF_TASKS:
                    message = f"`{each.name}` belongs to a task, and this step is none."
                    self.findings.error(each.line, "no-task", message, "add `Task: call`, or remove the line")
            return None
        self.findings.use("Task", task.line)
        for each in self.fields:
            if each.name in {"Subject", "Preview"}:
                message = f"A task is done by a person and has no `{each.name}`."
                self.findings.error(each.line, "task-with-subject", message, "make it two steps")
        ask = self.one("Ask")
        asked = tuple(part.strip() for part in ask.value.split(",")) if ask else ()
        for each_field in asked:
            self.draft.refer("contact field", each_field, ask.place if ask else task.place)
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

    def _actions(self) -> tuple[Action, ...]:
        actions = []
        for each in self.fields:
            if each.name in ACTIONS:
                self.findings.use(each.name, each.line)
                if each.name == "Enrol" or (each.name == "Leave" and each.value != "all"):
                    self.draft.refer("sequence", each.value, each.place)
                actions.append(Action(each.name.lower(), each.value, each.place))
        return tuple(actions)


def read_cost(text: str) -> Decimal:
    """`6.00`, in the business's currency. Raises Fault `bad-cost`."""
    if not _COST.fullmatch(text.strip()):
        raise Fault("bad-cost", f"`{text[:60]}` is not an amount of money.", "write it like `6.00`, without a currency")
    return Decimal(text.strip())
