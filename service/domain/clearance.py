"""What stands against a mail that is due, whatever its turn: wishes, an open complaint, a reply that waits."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from service.domain.consent import Standing, why_not
from service.domain.kind import MANNERS
from service.domain.reason import wrote_back
from service.domain.schedule import window_of
from service.domain.sequence.model.business import Business, Topic
from service.domain.sequence.model.sequence import Sequence, Status
from service.domain.sequence.model.step import Step
from service.domain.sunset import UNENGAGED
from service.domain.throttle import COMPLAINT, PAST, Candidate, Ruling, Verdict

REPLY = "reply"  # the rule that holds a sequence's mail while a reply waits for somebody
PAUSED = "paused"


def topic_of(business: Business, sequence: Sequence) -> Topic:
    """The topic of a sequence."""
    return business.topic(sequence.topic) or Topic(sequence.topic)


def barred(standing: Standing, topic: Topic, first_name: str | None) -> Verdict | None:
    """Why a person may not be written to on a topic, None where they may."""
    why = why_not(standing, topic)
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


def may_reach(standing: Standing, business: Business, sequences: Iterable[Sequence]) -> bool:
    """Whether mail of at least one of these may be written to somebody, as far as their wishes go."""
    return any(why_not(standing, topic_of(business, each)) is None for each in sequences)


def asks_to_stay(sequence: Sequence) -> bool:
    """Whether this is the sequence that the sunset begins: it asks whether somebody wants to stay."""
    return any(trigger.on == "event" and trigger.name == UNENGAGED for trigger in sequence.enrol.on)
