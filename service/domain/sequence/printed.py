"""Everything that a step's mail asks for while it is put into words, in any of its languages."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from service.domain.sequence.model.expression import Expression
from service.domain.sequence.model.step import Step


def asked_by(step: Step) -> Iterator[Expression]:
    """The expressions in the subjects, the preview and the body of a step, and the conditions of its paragraphs."""
    for words in (step.in_language(""), *(each for _, each in step.translations)):
        for part in (*words.subjects, words.preview, words.body):
            yield from part.expressions if part is not None else ()
        for _, condition, _ in words.body.blocks if words.body is not None else ():
            if condition is not None:
                yield condition


@lru_cache(maxsize=1024)
def words_ask_the_past(step: Step) -> bool:
    """Whether it takes a person's past to put the step's mail into words: a call, or what a friend did."""
    return any("(" in each.source or "referral" in each.source for each in asked_by(step))
