"""What changed between two versions of a sequence's steps: their order, their rules, their words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher

from service.domain.sequence.model.expression import Expression
from service.domain.sequence.model.sequence import Sequence
from service.domain.sequence.model.step import Step
from service.domain.sequence.model.words import Subject, Words
from service.domain.sequence.words import when_in_words


@dataclass(frozen=True, slots=True)
class StepChange:
    """`what` is `added`, `removed`, `moved`, `changed` (time, condition, kind …) or `reworded`; `how` says it."""

    step: str
    what: str
    how: str = ""


def compare_steps(old: Sequence, new: Sequence) -> Iterable[StepChange]:
    """The steps of two versions, in the new order, the removed ones last. What only makes room has not moved."""
    stayed = _unmoved(old, new)
    for step in new.steps:
        was = old.step(step.key)
        if was is None:
            yield StepChange(step.key, "added", when_in_words(step.when))
            continue
        if step.key not in stayed:
            yield StepChange(step.key, "moved", _place(new, step))
        how = "; ".join(_of_step(was, step))
        if how:
            yield StepChange(step.key, "changed", how)
        if _said(was) != _said(step):
            yield StepChange(step.key, "reworded")
    for was in old.steps:
        if new.step(was.key) is None:
            yield StepChange(was.key, "removed", when_in_words(was.when))


def _unmoved(old: Sequence, new: Sequence) -> set[str]:
    before = [step.key for step in old.steps if new.step(step.key)]
    after = [step.key for step in new.steps if old.step(step.key)]
    blocks = SequenceMatcher(None, before, after, autojunk=False).get_matching_blocks()
    return {key for block in blocks for key in before[block.a : block.a + block.size]}


def _place(sequence: Sequence, step: Step) -> str:
    at = sequence.steps.index(step)
    return f"behind {sequence.steps[at - 1].key}" if at else "to the front"


def _of_step(old: Step, new: Step) -> Iterable[str]:
    yield from said_change("", when_in_words(old.when), when_in_words(new.when))
    yield from said_change("If: ", source_of(old.condition), source_of(new.condition))
    yield from said_change("Wait for: ", source_of(old.wait_for), source_of(new.wait_for))
    yield from said_change("Wait up to: ", old.wait_up_to, new.wait_up_to)
    yield from said_change("Drop after: ", old.drop_after, new.drop_after)
    yield from said_change("Kind: ", old.kind, new.kind)
    if old.window != new.window:
        yield "Window"
    if _sort(old) != _sort(new):
        yield f"{_sort(old)} → {_sort(new)}"
    elif old.task != new.task:
        yield "Task"
    if _actions(old) != _actions(new):
        yield "Set, Tag, Webhook, Enrol or Leave"


def said_change(name: str, old: object, new: object) -> Iterable[str]:
    """`name was → is`, where it is not the same."""
    if old != new:
        yield f"{name}{old if old is not None else '–'} → {new if new is not None else '–'}"


def _sort(step: Step) -> str:
    return "an email" if step.is_email else "a task" if step.task else "an action"


def _actions(step: Step) -> list[tuple[str, str]]:
    return [(action.verb, action.text) for action in step.actions]


def source_of(expression: Expression | None) -> str | None:
    """An expression as it is written."""
    return expression.source if expression else None


def _said(step: Step) -> object:
    """The step's words, wherever they stand in the file."""
    own = Words(step.subjects, step.preview, step.body, step.place)
    languages = ((language, _plain(words)) for language, words in step.translations)
    return step.title, _plain(own), step.template, step.sender, step.reply_to, tuple(languages)


def _plain(words: Words) -> object:
    body = words.body
    blocks = tuple((tag, source_of(asked), _lines(text)) for tag, asked, text in body.blocks) if body else None
    merged = tuple(each.source for each in body.expressions) if body else None
    preview = _line(words.preview) if words.preview else None
    return tuple(map(_line, words.subjects)), preview, blocks, merged


def _lines(text: str) -> tuple[str, ...]:
    """Empty lines more or less, and at the end of a file, change no letter."""
    return tuple(line.rstrip() for line in text.splitlines() if line.strip())


def _line(subject: Subject) -> object:
    return subject.arm, subject.text, tuple(each.source for each in subject.expressions)
