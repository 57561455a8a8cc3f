"""What verdicts ask of many people: their rows, what stands for or against writing to them, and what they booked."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

from service.domain.consent import Standing, Suppressed, agreed, standing_of
from service.domain.happening import Happening
from service.domain.rhythm import BOOKINGS
from service.store.bulk import listed
from service.store.driver import read
from service.store.due import Someone
from service.store.event import event_key


def _asking(now: str, whom: str) -> TextClause:
    """Everything that stands for or against writing to people, each a JSON document in a contact's row; as text,
    because orjson reads it in a fifth of the driver's time."""
    return text(
        f"""
        SELECT {", ".join(Someone._fields)},
            (SELECT CAST(json_agg(json_build_array(topic, act, expires_at) ORDER BY id) AS text) FROM consent
             WHERE contact_id = contact.id AND act IN ('confirmed', 'withdrawn') AND channel = 'email'),
            (SELECT CAST(json_agg(json_build_array(topic, reason, at)) AS text) FROM suppression
             WHERE address_hash = contact.address_hash AND (expires_at IS NULL OR expires_at > {now})),
            (SELECT CAST(json_agg(json_build_array(name, at) ORDER BY at, id) AS text) FROM event
             WHERE contact_id = contact.id AND name IN ('complaint.raised', 'complaint.resolved') AND NOT replaced)
        FROM contact WHERE id = ANY({whom})
        """  # noqa: S608 (our own names)
    )


JUDGED = _asking(":now", "CAST(:ids AS bigint[])")
# The same at journey time, which is read beside it; at `now` where that is the machine's.
JUDGED_NOW = _asking("coalesce((SELECT at FROM journey_clock), :now)", "CAST(:ids AS bigint[])")
# What the rhythm of people is reckoned from: names and instants, and next to nothing of what came with them. A business
# may have sent numbers that orjson can't read; the driver, where `data` is no text, looks for its encoding each time.
BOOKED = text(
    """
    SELECT contact_id, id, name, at, CAST(data AS text), about, key FROM event
    WHERE contact_id = ANY(CAST(:ids AS bigint[])) AND name = ANY(CAST(:names AS text[])) AND NOT replaced ORDER BY id
    """
)
EMPTY = "{}"  # the data of most events that count


@dataclass(frozen=True, slots=True)
class Judged:
    """What a verdict asks of many contacts: their rows, what each wishes to get, and when an open complaint of theirs
    was raised, for those who have one."""

    people: dict[int, Someone] = field(default_factory=dict)
    standings: dict[int, Standing] = field(default_factory=dict)
    complaints: dict[int, datetime] = field(default_factory=dict)


def read_judged(session: Session, contact_ids: Collection[int], now: datetime) -> Judged:
    """All of that in one statement: it is asked for each group that leaves, and of few there is anything to tell."""
    return judged_of(read(session, JUDGED, ids=listed(contact_ids), now=now))


def judged_of(rows: Iterable[Sequence[Any]]) -> Judged:
    """What the rows of JUDGED or JUDGED_NOW say."""
    found = Judged()
    for *row, acts, lines, told in rows:
        someone = found.people[row[0]] = Someone._make(row)
        found.standings[someone.id] = standing_of(
            _suppressed(lines) if lines else (),
            _agreed(acts) if acts else {},
            someone.stage,
            someone.client_since,
            someone.dealt_at,
        )
        for name, at in orjson.loads(told) if told else ():
            if name == "complaint.raised":
                found.complaints[someone.id] = datetime.fromisoformat(at)
            else:
                found.complaints.pop(someone.id, None)
    return found


def _agreed(acts: str) -> dict[str, datetime | None]:
    return agreed((topic, act, datetime.fromisoformat(at) if at else None) for topic, act, at in orjson.loads(acts))


def _suppressed(lines: str) -> tuple[Suppressed, ...]:
    return tuple(Suppressed(topic, why, datetime.fromisoformat(at)) for topic, why, at in orjson.loads(lines))


def read_bookings(session: Session, contact_ids: Collection[int], event: str) -> dict[int, list[Happening]]:
    """What each contact booked and how that went, and the events that rhythm counts by, for whoever asks no more."""
    found: dict[int, list[Happening]] = {}
    values = {"ids": listed(contact_ids), "names": [event, *BOOKINGS]}
    for contact_id, number, name, at, data, about, key in read(session, BOOKED, **values):
        named = about or key or event_key(number)
        happening = Happening(name, at, json.loads(data) if data != EMPTY else {}, about=about, key=named)
        found.setdefault(contact_id, []).append(happening)
    return found
