"""Steps that were probably renamed: a new title makes a new key, and whoever has had the mail would get it again."""

from __future__ import annotations

from difflib import SequenceMatcher

from service.domain.sequence.heading import slug
from service.domain.sequence.model.problem import Problem, Severity
from service.domain.sequence.model.sequence import Sequence
from service.domain.sequence.model.step import Step
from service.domain.sequence.words import as_written

ALIKE = 0.6  # of the words two steps share


def likely_renames(old: Sequence, new: Sequence) -> list[Problem]:
    """A problem for each step of `new` that looks like one of `old` under another key.

    `old` is the published version. A renamed step keeps its past with a line `Id: old-key`, which the hint offers.
    """
    gone = [step for step in old.steps if new.step(step.key) is None]
    problems = []
    for step in new.steps:
        if old.step(step.key) is not None or step.key != slug(step.title):
            continue  # who writes an `Id:` of their own has thought of it
        was = max(gone, key=lambda each: _likeness(each, step), default=None)
        if was is None or _likeness(was, step) < ALIKE:
            continue
        gone.remove(was)
        message = f"This looks like `{was.key}` under a new title, and so like a new step: it would be sent once more."
        hint = f"add a line `Id: {was.key}` if it is the same step, `Id: {step.key}` if it is a new one"
        problems.append(Problem(step.place, Severity.ERROR, "likely-rename", message, hint))
    return problems


def _likeness(old: Step, new: Step) -> float:
    """How much of what two steps say is the same, from 0 to 1; steps of different sorts are never alike."""
    if (old.is_email, old.task is None) != (new.is_email, new.task is None):
        return 0.0
    one, other = _words(old), _words(new)
    if one == other:
        return 1.0
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    return matcher.ratio() if matcher.real_quick_ratio() >= ALIKE else 0.0


def _words(step: Step) -> list[str]:
    said = [as_written(each) for each in step.subjects]
    if step.task is not None:
        said += [step.task.what, step.task.assign]
    if step.body is not None:
        said += [markdown for _, _, markdown in step.body.blocks]
    said += [f"{action.verb} {action.text}" for action in step.actions]
    return " ".join(said).split()
