"""The sentences that say what became of a touch: the same in the record of what happened and in a look ahead."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

PLANNED_ANEW = "Planned: its date was moved."
DUE = "Due: waits for a slot."
ASKED_AGAIN = "Due: the person asked for it again."
DONE = "Done: it was due."
SENT = "Sent: its time had come, and no limit stood against it."
SERVICE_SENT = "Sent: service mail waits for no slot."
REMOVED = "Not sent: the step was taken out of its sequence."


def gap(name: str) -> str:
    """Why a mail can't be put into words: something that it prints is empty."""
    return f'{name} is empty and the text has no fallback (`or "…"`)'


def empty_address(name: str) -> str:
    """Why a mail can't be put into words: one of its links would lead nowhere."""
    return f"a link leads to {name}, which is empty"


def wrote_back(name: str | None, at: datetime) -> str:
    """Why mail of a sequence waits whose reader, by first name, replied `at`."""
    return f"Held: {name or 'The person'} wrote back on {_day(at)}, and this waits until somebody says how it goes on."


def goes_on(who: str) -> str:
    """Why mail that a reply held is due again."""
    return f"Due again: the reply was answered, and {who} says that it goes on."


def opened(what: str, assignee: str, due_at: datetime | None, remark: str | None, zone: ZoneInfo) -> str:
    """A task that has opened. `zone` is the business's."""
    due = f", due on {_day(due_at, zone)}" if due_at else ""
    return " ".join(filter(None, [f"Open: {what}, for {assignee}{due}.", remark]))


def unreached(name: str | None, barred: str) -> str:
    """What a colleague should know where no mail goes to a person; `barred` are the words of `consent.may_email`."""
    return f"No mail goes to {name or 'this person'}, who {barred}; this touch is owed all the same."


def done_by(who: str, outcome: str | None, note: str | None, at: datetime, zone: ZoneInfo) -> str:
    """A task that somebody did."""
    result = f": {outcome}." if outcome else "."
    said = f" “{' '.join(note.split())}”" if note else ""
    return f"Done by {who} on {_day(at, zone)}{result}{said}"


def skipped_by(who: str, why: str | None, at: datetime, zone: ZoneInfo) -> str:
    """A task that somebody will not do."""
    because = f": {why.rstrip('.')}." if why else "."
    return f"Skipped by {who} on {_day(at, zone)}{because}"


def undone(since: datetime, zone: ZoneInfo) -> str:
    """A task that nobody did. `since` is when it was due, or opened where it had no day."""
    return f"Expired: nobody did it. It was due on {_day(since, zone)}."


def _day(at: datetime, zone: ZoneInfo | None = None) -> str:
    return f"{at.astimezone(zone) if zone else at:%-d %B %Y}"
