"""How a task may end: the answers that its briefing offers, or for a reply whether the sequence goes on."""

from __future__ import annotations

from service.domain.sequence.answers import Offer, answers_of
from service.domain.sequence.model.business import Business
from service.domain.sequence.model.sequence import Sequence
from service.domain.sequence.model.step import Step
from service.domain.task import APPROVE, END, GO_ON, REFUSE
from service.store.task import LOOK_AT, Task

OUTCOMES = {
    "en": ((GO_ON, "Answered, go on"), (END, "Answered, end it")),
    "de": ((GO_ON, "Beantwortet, weiter"), (END, "Beantwortet, beenden")),
}
LOOKED = {
    "en": ((APPROVE, "It is right: give the reward"), (REFUSE, "No reward")),
    "de": ((APPROVE, "In Ordnung: belohnen"), (REFUSE, "Keine Belohnung")),
}


def reply_outcomes(business: Business) -> tuple[tuple[str, str], ...]:
    """(value, words) of how a task that a reply opened may end, in the business's first language."""
    return OUTCOMES.get(business.languages[0][:2], OUTCOMES["en"])


def look_outcomes(business: Business) -> tuple[tuple[str, str], ...]:
    """(value, words) of what a colleague may find who looked at a doubtful referral."""
    return LOOKED.get(business.languages[0][:2], LOOKED["en"])


def outcomes_of(task: Task, written: tuple[Sequence, Step] | None, business: Business) -> tuple[Offer, ...]:
    """The outcomes to choose from, in the business's first language; none where a task has none.

    `written` is the sequence and step of its touch in the publication in force.
    """
    if task.delivery_id is None:
        return tuple(Offer(value, words) for value, words in reply_outcomes(business))
    if written is None and task.what == LOOK_AT:
        return tuple(Offer(value, words) for value, words in look_outcomes(business))
    return answers_of(written[1], business.languages[0]) if written else ()
