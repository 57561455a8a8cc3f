"""What stands against a mail that is due, whatever its turn: wishes, an open complaint, a reply that waits."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from service.domain.consent import Standing, may_email
from service.domain.kind import MANNERS
from service.domain.reason import wrote_back
from service.domain.schedule import window_of
from service.domain.sequence.model.business import Business, Topic
from service.domain.sequence.model.sequence import Sequence, Status
from service.domain.sequence.model.step import Step
from service.domain.sunset import UNENGAGED
from service.domain.throttle import COMPLAINT, PAST, Candidate, Ruling, Verdict

WORDS = "words"  # the rule that holds a mail which can't be put into words
WORDLESS_REST = timedelta(hours=1)  # until it is looked at again
REPLY = "reply"  # the rule that holds a sequence's mail while a reply waits for somebody
PAUSED = "paused"
PAUSE = "pause"  # the rule that holds somebody's mail for as long as they wished to hear nothing


def topic_of(business: Business, sequence: Sequence) -> Topic:
    """The topic of a sequence."""
    return business.topic(sequence.topic) or Topic(sequence.topic)


def barred(standing: Standing, topic: Topic, first_name: str | None, now: datetime) -> Verdict | None:
    """Why a person may not be written to on a topic, None where they may."""
    why = may_email(standing, topic, now)
    if why is None:
        return None
    return Verdict(Ruling.EXPIRED, "consent", f"Not sent: {first_name or 'The person'} {why}.")


def left(why: str | None) -> Verdict:
    """The enrolment of the mail is over."""
    return Verdict(Ruling.EXPIRED, "left", f"Not sent: {why or 'the enrolment is over.'}")


def held_by_reply(paused_at: datetime | None, first_name: str | None) -> Verdict | None:
    """A sequence whose reader wrote back waits until somebody says how it goes on."""
    if paused_at is None:
        return None
    return Verdict(Ruling.HELD, REPLY, wrote_back(first_name, paused_at))


def held_by_pause(sequence: Sequence, expires_at: datetime | None, now: datetime) -> Verdict | None:
    """Nothing leaves from a sequence whose file says `status: paused`; what is published next looks at it again."""
    if sequence.status is not Status.PAUSED or expires_at is None or now > expires_at:
        return None
    return Verdict(Ruling.HELD, PAUSED, f"Held: “{sequence.title}” is paused.", expires_at + PAST)


def held_by_complaint(
    raised: datetime | None, priority: int, expires_at: datetime | None, now: datetime
) -> Verdict | None:
    """While a complaint is open, only service mail and people's work go out."""
    if raised is None or priority == 0 or expires_at is None or now > expires_at:
        return None
    reason = f"Held: the complaint of {raised:%-d %B %Y} is open, and only service mail goes out until it is settled."
    return Verdict(Ruling.HELD, COMPLAINT, reason, expires_at + PAST)


def held_by_wish(
    until: datetime | None, topic: Topic, priority: int, expires_at: datetime | None, now: datetime, zone: ZoneInfo
) -> Verdict | None:
    """While the pause lasts that the person asked for, only what they need for what they booked goes out."""
    if until is None or now >= until or priority == 0 or topic.basis == "service":
        return None
    if expires_at is None or now > expires_at:
        return None
    day = f"{until.astimezone(zone):%-d %B %Y}"
    reason = f"Held: the person asked us to pause until {day}, and only service mail goes out until then."
    return Verdict(Ruling.HELD, PAUSE, reason, min(until, expires_at + PAST))


def held_wordless(why: str, expires_at: datetime | None, now: datetime) -> Verdict:
    """What can't be put into words is never sent with a gap, and never dropped before its end."""
    rest = now + WORDLESS_REST
    return Verdict(Ruling.HELD, WORDS, f"Held: {why}", rest if expires_at is None else min(rest, expires_at + PAST))


def candidate(
    number: int,
    sequence: Sequence,
    step: Step,
    expires_at: datetime,
    business: Business,
    *,
    seed: str = "",
    due_at: datetime | None = None,
) -> Candidate:
    """A step's mail as it competes for a slot; `number` is its own, `seed` the person's."""
    priority = MANNERS[step.kind].priority
    window = window_of(sequence, step, business.window)
    return Candidate(
        number,
        priority,
        expires_at,
        window,
        step.kind,
        closed_days=priority > 0,
        seed=draws_from(seed, sequence.key, step.key) if seed else "",
        due_at=due_at,
        asks_to_stay=asks_to_stay(sequence),
    )


def draws_from(seed: str, sequence: str, step: str) -> str:
    """What the jitter of a mail is drawn from: the person's seed, and the keys of its sequence and step."""
    return f"{seed}:{sequence}:{step}"


def may_reach(standing: Standing, business: Business, sequences: Iterable[Sequence], now: datetime) -> bool:
    """Whether mail of at least one of these may be written to somebody, as far as their wishes go."""
    return any(may_email(standing, topic_of(business, each), now) is None for each in sequences)


def asks_to_stay(sequence: Sequence) -> bool:
    """Whether this is the sequence that the sunset begins: it asks whether somebody wants to stay."""
    return any(trigger.on == "event" and trigger.name == UNENGAGED for trigger in sequence.enrol.on)
