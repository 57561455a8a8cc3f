"""Whether a person may be written to: the one question that everything asks before a mail leaves."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from service.domain.sequence.model.business import Topic

# Who counts as a client for a topic's `basis: client`. Whoever has just left still gets the goodbye; `lapsed` does not.
CLIENTS = frozenset({"client", "former"})

# An unsubscribe or a silence spares what people need for what they booked; a complaint or a dead mailbox nothing.
SPARES_SERVICE = frozenset({"unsubscribed", "unengaged"})
# Of several reasons the gravest is told.
GRAVEST = ("complained", "bounced")
IN_VAIN = "in vain"  # the source of a line that stands for several mails in vain: one that arrived takes it back


@dataclass(frozen=True, slots=True)
class Suppressed:
    """One line of the suppression list for this address; `topic` None means all of it."""

    topic: str | None
    reason: str
    at: datetime


class Standing(NamedTuple):
    """What is known of a person's wishes: suppressions in force, topics agreed to and not withdrawn, the stage."""

    suppressed: tuple[Suppressed, ...]
    consented: frozenset[str]
    is_client: bool


SENTENCES = {
    "unsubscribed": "unsubscribed on {day:%-d %B %Y}",
    "complained": "marked a mail as spam on {day:%-d %B %Y}",
    "unengaged": "never answered our mail, and is left in peace since {day:%-d %B %Y}",
    "bounced": "has a mailbox that refused our mail for good on {day:%-d %B %Y}",
}


def why_not(standing: Standing, topic: Topic) -> str | None:
    """None where mail on this topic may go out, else the reason, as words that follow "the person …"."""
    barred = _bar(standing.suppressed, topic)
    if barred is not None:
        return SENTENCES.get(barred.reason, "is on the suppression list since {day:%-d %B %Y}").format(day=barred.at)
    if topic.basis == "consent" and topic.name not in standing.consented:
        return f"has not agreed to “{topic.name}”"
    if topic.basis == "client" and not standing.is_client and topic.name not in standing.consented:
        return f"is not a client, and “{topic.name}” is for clients"
    return None


def what_bars(standing: Standing, topic: Topic) -> Suppressed | None:
    """What stands against mail on a topic even where the person agrees to it; None where agreeing is enough."""
    for line in standing.suppressed:
        own = line.topic == topic.name and line.reason == "unsubscribed"
        agreed = Standing((line,), frozenset({topic.name}), is_client=True)
        if not own and why_not(agreed, topic) is not None:
            return line
    return None


def _bar(suppressed: Iterable[Suppressed], topic: Topic) -> Suppressed | None:
    bars = [line for line in suppressed if _stands_against(line, topic)]
    return min(bars, key=_gravity) if bars else None


def _stands_against(line: Suppressed, topic: Topic) -> bool:
    if line.topic is None:
        return topic.basis != "service" or line.reason not in SPARES_SERVICE
    return line.topic == topic.name


def _gravity(line: Suppressed) -> tuple[int, datetime]:
    return (GRAVEST.index(line.reason) if line.reason in GRAVEST else len(GRAVEST), line.at)
