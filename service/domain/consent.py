"""Whether a person may be written to: the one question that everything asks before a mail leaves."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from service.domain.duration import add
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
    """What is known of a person's wishes: suppressions in force, topics agreed to and not withdrawn, the stage.

    `client_at` is when they became a client, were here or bought something last; `ends` says of what was agreed to for
    a time (somebody inquired) when it is over. Both are aware.
    """

    suppressed: tuple[Suppressed, ...]
    consented: frozenset[str]
    is_client: bool
    client_at: datetime | None = None
    ends: tuple[tuple[str, datetime], ...] = ()

    def agreed_to(self, now: datetime) -> frozenset[str]:
        """The topics that they agree to now."""
        if not self.ends:
            return self.consented
        return self.consented - {name for name, at in self.ends if now >= at}


UTC = ZoneInfo("UTC")
VERSION = 12  # hexadecimal digits of a wording's SHA-256


def version_of(wording: str) -> str | None:
    """The name under which these very words can be told from all others; None where there are none."""
    return hashlib.sha256(wording.encode()).hexdigest()[:VERSION] if wording else None


SENTENCES = {
    "unsubscribed": "unsubscribed on {day:%-d %B %Y}",
    "complained": "marked a mail as spam on {day:%-d %B %Y}",
    "unengaged": "never answered our mail, and is left in peace since {day:%-d %B %Y}",
    "bounced": "has a mailbox that refused our mail for good on {day:%-d %B %Y}",
}


def may_email(standing: Standing, topic: Topic, now: datetime) -> str | None:
    """None where mail on this topic may go out now, else the reason, as words that follow "the person …".

    What everything asks before a mail is written, cleared or handed over. A topic rests on the law's reason for it:
    `consent`, until it is taken back; `inquiry`, until the time is over that was noted with it; `client`, until
    `topic.lasts` after the last visit or purchase; `service`, which is no marketing, on what was booked.
    """
    barred = _bar(standing.suppressed, topic) if standing.suppressed else None
    if barred is not None:
        return SENTENCES.get(barred.reason, "is on the suppression list since {day:%-d %B %Y}").format(day=barred.at)
    if topic.basis == "service" or topic.name in standing.agreed_to(now):
        return None
    if topic.basis == "client":
        return _no_client(standing, topic, now)
    if topic.basis == "inquiry":
        return _no_inquiry(standing, topic)
    return f"has not agreed to “{topic.name}”"


def _no_client(standing: Standing, topic: Topic, now: datetime) -> str | None:
    if not standing.is_client:
        return f"is not a client, and “{topic.name}” is for clients"
    at = standing.client_at
    if topic.lasts is None or at is None or now < add(at, topic.lasts, UTC):
        return None
    return f"has not been here since {at:%-d %B %Y}, and “{topic.name}” is for clients"


def _no_inquiry(standing: Standing, topic: Topic) -> str:
    ended = max((at for name, at in standing.ends if name == topic.name), default=None)
    if ended is None:
        return f"has not inquired about “{topic.name}”"
    return f"inquired about “{topic.name}” too long ago: that was good until {ended:%-d %B %Y}"


def ends_at(topic: Topic | None, now: datetime) -> datetime | None:
    """When that ends which somebody says now about a topic; None where it is for good. An inquiry is for a time."""
    if topic is None or topic.basis != "inquiry" or topic.lasts is None:
        return None
    return add(now, topic.lasts, UTC)


def longer(known: datetime | None, ends: datetime | None) -> datetime | None:
    """Until when something holds that was said twice; None is for good."""
    return None if known is None or ends is None else max(known, ends)


def agreed(acts: Iterable[tuple[str | None, str, datetime | None]]) -> dict[str, datetime | None]:
    """The topics that stand after these acts, (topic, act, when it ends) each, in their order, and until when; an act
    without a topic is about all. What was agreed to without an end is not given one by what has one."""
    topics: dict[str, datetime | None] = {}
    for topic, act, ends in acts:
        if act == "confirmed" and topic is not None:
            topics[topic] = longer(topics.get(topic, ends), ends)
        elif topic is None:
            topics.clear()
        else:
            topics.pop(topic, None)
    return topics


def standing_of(
    suppressed: Iterable[Suppressed],
    topics: Mapping[str, datetime | None],
    stage: object,
    *client_at: datetime | None,
) -> Standing:
    """What is known, put together: `topics` as `agreed` gives them, `client_at` each time that made or showed a client
    of somebody."""
    ends = tuple((name, at) for name, at in topics.items() if at is not None)
    last = max((at for at in client_at if at is not None), default=None)
    return Standing(tuple(suppressed), frozenset(topics), stage in CLIENTS, last, ends)


def lifted(lines: Iterable[Suppressed], agreed_to: Collection[str], topics: Iterable[Topic]) -> tuple[Suppressed, ...]:
    """The lines that are left once somebody has asked for these topics anew, and confirmed it by a mail's button.

    That takes back that they left, or that they were left in peace for their silence; never a complaint, nor what
    proves that nobody is there. Whoever had left everything gets only what they ask for now: every other topic that can
    be left becomes one that they left.
    """
    left: list[Suppressed] = []
    for line in lines:
        if line.reason not in SPARES_SERVICE or (line.topic is not None and line.topic not in agreed_to):
            left.append(line)
        elif line.topic is None and line.reason == "unsubscribed":
            others = (each.name for each in topics if each.basis != "service" and each.name not in agreed_to)
            left += [Suppressed(name, line.reason, line.at) for name in others]
    return tuple(dict.fromkeys(left))


def what_bars(standing: Standing, topic: Topic) -> Suppressed | None:
    """What stands against mail on a topic even where the person agrees to it; None where agreeing is enough."""
    for line in standing.suppressed:
        own = line.topic == topic.name and line.reason == "unsubscribed"
        if not own and _stands_against(line, topic):
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
