"""Who may be written to now: all that is due for one person competes for the slots that the caps allow.

A pure function of candidates, history, limits and `now`; the same for sending and for looking ahead. The limits are
those of section 3a of the research in `docs/throttling.md`: rolling windows, counted by person.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from service.domain.sequence.model import Caps
from service.domain.window import Window, next_open

DAY = timedelta(days=1)
COMPLAINT = "complaint"  # the rule that holds marketing mail while a complaint is open


@dataclass(frozen=True, slots=True)
class Candidate:
    """A mail that is due. `window` is the one in force for it; `closed_days` whether closure days hold it too."""

    id: int
    priority: int
    expires_at: datetime
    window: Window
    closed_days: bool = True

    @property
    def capped(self) -> bool:
        return self.priority > 0

    @property
    def warm(self) -> bool:
        return 1 <= self.priority <= 3


class Ruling(StrEnum):
    CLEARED = "cleared"
    HELD = "held"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was decided for a candidate, by which rule, and the reason in a sentence. `until` only where held."""

    ruling: Ruling
    rule: str
    reason: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Bar:
    """A limit that is reached: until when (UTC), by which rule, and why in words."""

    until: datetime
    rule: str
    why: str


def arbitrate(
    candidates: Iterable[Candidate],
    history: Sequence[datetime],
    caps: Caps,
    closed: Sequence[date],
    zone: ZoneInfo,
    now: datetime,
) -> dict[int, Verdict]:
    """A verdict for each candidate of one person, by its id.

    `history` are the instants (UTC) of mails that count towards the caps. The most urgent class wins a slot, ties
    go to the one that expires first; the winner counts at once against those behind it.
    """
    counted = sorted(history)
    verdicts: dict[int, Verdict] = {}
    for candidate in sorted(candidates, key=lambda each: (each.priority, each.expires_at, each.id)):
        verdict = _judge(candidate, counted, caps, closed, zone, now)
        verdicts[candidate.id] = verdict
        if verdict.ruling is Ruling.CLEARED and candidate.capped:
            counted.append(now)
    return verdicts


def _judge(
    candidate: Candidate,
    history: Sequence[datetime],
    caps: Caps,
    closed: Sequence[date],
    zone: ZoneInfo,
    now: datetime,
) -> Verdict:
    if now > candidate.expires_at:
        when = _local(candidate.expires_at, zone)
        return Verdict(Ruling.EXPIRED, "expired", f"Expired unsent: it was worth sending until {when}.")
    shut = closed if candidate.closed_days else ()
    bar = reached(candidate, history, caps, now) if candidate.capped else None
    opens = next_open(candidate.window, bar.until if bar else now, zone, shut)
    if opens is None:
        return Verdict(Ruling.EXPIRED, "window", "Not sent: its window does not open within a year.")
    if opens == now:
        return Verdict(Ruling.CLEARED, "slot", "Cleared to leave.")
    when = _local(opens, zone)
    if opens > candidate.expires_at:
        # Held to its end rather than dropped: a slot may come back when another mail turns out not to have left.
        opens = candidate.expires_at + timedelta(microseconds=1)
        when = f"{when}, past its own end on {_local(candidate.expires_at, zone)}"
    if bar is None:
        return Verdict(Ruling.HELD, "window", f"Held until {when}: its window is closed now.", opens)
    return Verdict(Ruling.HELD, bar.rule, f"Held until {when}: {bar.why}", opens)


def reached(candidate: Candidate, history: Sequence[datetime], caps: Caps, now: datetime) -> Bar | None:
    """The limit that holds a capped mail longest, or None where a slot is free now."""
    gap = timedelta(hours=caps.gap_warm if candidate.warm else caps.gap)
    bars = [
        _gap(history, gap, now),
        _cap(history, caps.per_day, DAY, "per-day", "24 hours", now),
        _cap(history, caps.per_week, 7 * DAY, "per-week", "seven days", now),
    ]
    if not candidate.warm:
        bars.append(_cap(history, caps.per_month, 30 * DAY, "per-month", "30 days", now))
    return max((bar for bar in bars if bar), key=lambda bar: bar.until, default=None)


def _gap(history: Sequence[datetime], gap: timedelta, now: datetime) -> Bar | None:
    last = max(history, default=None)
    if last is None or last + gap <= now:
        return None
    hours = round(gap / timedelta(hours=1))
    return Bar(last + gap, "gap", f"the last mail went out less than {hours} hours before.")


def _cap(history: Sequence[datetime], cap: int, span: timedelta, rule: str, words: str, now: datetime) -> Bar | None:
    recent = sorted(at for at in history if at + span > now)
    if len(recent) < cap:
        return None
    mails = "one mail" if cap == 1 else f"{_number(cap)} mails"
    return Bar(recent[-cap] + span, rule, f"{mails} in {words}; the oldest leaves the window then.")


def _number(count: int) -> str:
    words = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
    return words[count] if count < len(words) else str(count)


def _local(instant: datetime, zone: ZoneInfo) -> str:
    return f"{instant.astimezone(zone):%a %-d %b %H:%M}"
