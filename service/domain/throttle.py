"""Who may be written to now: all that is due for one person competes for the slots that pace leaves.

A pure function of candidates, person, policy and `now`; the same for sending, for looking ahead and for the model of
many people. What may stand against a mail is in `service.domain.bar`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from service.domain.bar import Bar, Slots, Stake
from service.domain.breaker import Breaker as Breaker
from service.domain.candidate import Candidate as Candidate
from service.domain.candidate import Person as Person
from service.domain.candidate import rank
from service.domain.jitter import opened_within, spread_out
from service.domain.policy import Policy
from service.domain.spoken import spoken
from service.domain.window import next_open

COMPLAINT = "complaint"  # the rule that holds marketing mail while a complaint is open
NONE: Mapping[str, Any] = {}  # inputs of what is decided by no number
PAST = timedelta(microseconds=1)  # a held mail is looked at once more just after its end, and expires


class Ruling(StrEnum):
    CLEARED = "cleared"
    HELD = "held"
    EXPIRED = "expired"


class Verdict(NamedTuple):
    """What was decided for a candidate, by which rule, and the reason in a sentence. `until` only where held.

    `inputs` are the few numbers it was decided by, as JSON values.
    """

    ruling: Ruling
    rule: str
    reason: str
    until: datetime | None = None
    inputs: Mapping[str, Any] = NONE


def arbitrate(
    candidates: Iterable[Candidate],
    person: Person,
    policy: Policy,
    now: datetime,
    breaker: Breaker = Breaker.CLOSED,
    *,
    is_told: bool = True,
) -> dict[int, Verdict]:
    """A verdict for each candidate of one person, by its id; without its sentence and inputs where nobody `is_told`.

    The most urgent class wins a slot, ties go to the one that expires first; the winner counts at once against those
    behind it. A held mail is looked at again at `until`, which is later than now and at most just past its end.
    """
    slots = Slots(person, policy, now, breaker)
    verdicts: dict[int, Verdict] = {}
    in_turn = sorted((rank(each, person, now), each.expires_at, each.id, each) for each in candidates)
    for of_class, _, number, candidate in in_turn:
        verdict = verdicts[number] = _judge(candidate, of_class, slots, is_told)
        if verdict.ruling is Ruling.CLEARED:
            slots.take(candidate)
    return verdicts


def _judge(candidate: Candidate, of_class: float, slots: Slots, is_told: bool) -> Verdict:
    stake = slots.stake(candidate, of_class) if candidate.capped else None  # against service mail nothing ever stands
    bar = slots.against(candidate, stake) if stake is not None else None
    inputs = _inputs(slots, stake) if is_told else NONE
    if slots.now > candidate.expires_at:
        reason = _expired(candidate, bar, slots) if is_told else ""
        return Verdict(Ruling.EXPIRED, "expired", reason, inputs=inputs)
    leaves = _leaves(candidate, bar, slots)
    if leaves is None:
        return Verdict(Ruling.EXPIRED, "window", "Not sent: its window does not open within a year.", inputs=inputs)
    if leaves == slots.now:
        return Verdict(Ruling.CLEARED, "slot", "Cleared to leave.", inputs=inputs)
    # Held to its end rather than dropped: a slot may come back when another mail turns out not to have left.
    until = min(leaves, candidate.expires_at + PAST)
    reason = _held(candidate, bar, leaves, slots) if is_told else ""
    return Verdict(Ruling.HELD, bar.rule if bar else "window", reason, until, inputs)


def _inputs(slots: Slots, stake: Stake | None) -> Mapping[str, Any]:
    """The numbers that a mail was judged by."""
    return {"class": 0} if stake is None else slots.inputs(stake)


def _leaves(candidate: Candidate, bar: Bar | None, slots: Slots) -> datetime | None:
    """When a mail may leave: its window is open, and what stands against it now does not any more.

    None where its window does not open within a year; just past its end where what stands against it lasts.
    """
    window, zone = candidate.window, slots.person.zone
    shut = slots.person.closed if candidate.closed_days else ()
    ready = slots.now if bar is None else bar.until or candidate.expires_at + PAST
    opens = next_open(window, ready, zone, shut)
    if opens is None or opens > candidate.expires_at or not candidate.capped or (window.always_open and not shut):
        return opens
    opening: datetime | None = opens
    if opens == ready:
        opening = _opened_for(candidate, ready, slots.policy.spread, zone, shut)
    if opening is None:
        return ready
    leaves = spread_out(opening, candidate.expires_at, candidate.seed, slots.policy.spread, window, zone, shut)
    return max(ready, leaves)


def _opened_for(
    candidate: Candidate, ready: datetime, spread: timedelta, zone: ZoneInfo, shut: Collection[date]
) -> datetime | None:
    """When the window opened that is open at `ready`, if that was a moment ago and this mail was due before."""
    due = candidate.due_at
    if not candidate.seed or due is None or due >= ready:
        return None
    opening = opened_within(spread, ready, candidate.window, zone, shut)
    return opening if opening is not None and due < opening else None


def _held(candidate: Candidate, bar: Bar | None, leaves: datetime, slots: Slots) -> str:
    zone = slots.person.zone
    if bar is None:
        why = "its window is closed now" if _is_closed(candidate, slots) else "many wait for this hour, and take turns"
    else:
        why = f"{bar.why}; {bar.then}" if bar.then else bar.why
    if bar is not None and bar.until is None:
        return f"Held to its own end on {spoken(candidate.expires_at, zone)}: {why}."
    end = f", past its own end on {spoken(candidate.expires_at, zone)}" if leaves > candidate.expires_at else ""
    return f"Held until {spoken(leaves, zone)}{end}: {why}."


def _is_closed(candidate: Candidate, slots: Slots) -> bool:
    shut = slots.person.closed if candidate.closed_days else ()
    return next_open(candidate.window, slots.now, slots.person.zone, shut) != slots.now


def _expired(candidate: Candidate, bar: Bar | None, slots: Slots) -> str:
    when = spoken(candidate.expires_at, slots.person.zone)
    against = f" Against it stood: {bar.why}." if bar else ""
    return f"Expired unsent: it was worth sending until {when}.{against}"
