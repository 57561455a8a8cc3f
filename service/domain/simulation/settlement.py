"""When a task is settled, and how: as the scenario says, or as is taken for granted."""

from __future__ import annotations

from datetime import datetime

from service.domain.happening import Happening
from service.domain.sequence.answers import answers_of
from service.domain.sequence.model.step import Step
from service.domain.task import GO_ON, Times

DONE, SKIPPED = "task.done", "task.skipped"
GRANTED = "(Taken for granted.)"


def settlement_of(
    sequence: str, step: str | None, opened_at: datetime, times: Times, words: list[Happening]
) -> tuple[datetime, Happening | None]:
    """When the task is settled, and the scenario's word on it, which is taken out of `words`.

    Where it says nothing the task is done when it is due, or at once where it has no day. `step` None: an answer to a
    reply.
    """
    for word in words:
        of = (word.data.get("sequence"), word.data.get("step") or None)
        if of == (sequence, step) and opened_at <= word.at < times.ends_at:
            words.remove(word)
            return word.at, word
    return min(times.due_at or opened_at, times.ends_at), None


def outcome_of(step: Step | None, language: str, word: Happening | None) -> str | None:
    """How it went: the scenario's `value`, else the first outcome that the task offers; a reply's goes on."""
    if word is not None and word.data.get("value"):
        return str(word.data["value"])
    if step is None:
        return GO_ON
    return next((offer.value for offer in answers_of(step, language)), None)
