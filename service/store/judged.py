"""What verdicts ask of many people: their rows, what stands for or against writing to them, and what they booked."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from typing import Any

from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

from service.domain.consent import Standing, Suppressed, agreed, standing_of
from service.domain.happening import Happening
from service.domain.rhythm import BOOKINGS
from service.store.bulk import listed
from service.store.driver import read, read_together
from service.store.due import PEOPLE, Someone, people_of
from service.store.event import event_key


def _standing_at(now: str) -> TextClause:
    """Everything that stands for or against writing to people, but for what their own rows say: three tables in one
    statement, each asked once for all of them."""
    return text(
        f"""
        SELECT 'consent', id, contact_id, CAST(NULL AS bytea), topic, act, expires_at FROM consent
        WHERE contact_id = ANY(CAST(:ids AS bigint[])) AND act IN ('confirmed', 'withdrawn') AND channel = 'email'
        UNION ALL
        SELECT 'suppression', id, NULL, address_hash, topic, reason, at FROM suppression
        WHERE address_hash = ANY(ARRAY(SELECT address_hash FROM contact WHERE id = ANY(CAST(:ids AS bigint[]))))
          AND (expires_at IS NULL OR expires_at > {now})
        UNION ALL
        SELECT 'complaint', id, contact_id, NULL, NULL, name, at FROM event
        WHERE contact_id = ANY(CAST(:ids AS bigint[])) AND name IN ('complaint.raised', 'complaint.resolved')
          AND NOT replaced
        ORDER BY id
        """  # noqa: S608 (our own names)
    )


STANDING = _standing_at(":now")
# The same at journey time, which is read beside it; at `now` where that is the machine's.
STANDING_NOW = _standing_at("coalesce((SELECT at FROM journey_clock), :now)")
Act = tuple[str | None, str, datetime | None]  # topic, what was done, when it ends
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

    people: Mapping[int, Someone]
    standings: Mapping[int, Standing]
    complaints: Mapping[int, datetime]


def read_judged(session: Session, contact_ids: Collection[int], now: datetime) -> Judged:
    """All of that in one turn: it is asked for each group that leaves, and of few there is anything to tell."""
    ids = listed(contact_ids)
    people, rows = read_together(session, (PEOPLE, {"ids": ids}), (STANDING, {"ids": ids, "now": now}))
    return judged_of(people_of(people), rows)


def judged_of(people: Mapping[int, Someone], rows: Iterable[Sequence[Any]]) -> Judged:
    """What the rows of STANDING or STANDING_NOW say about these people."""
    acts: dict[int, list[Act]] = {}
    lines: dict[bytes, list[Suppressed]] = {}
    told: list[tuple[datetime, int, str]] = []
    for kind, _, contact_id, address_hash, topic, word, at in rows:
        if kind == "consent":
            acts.setdefault(contact_id, []).append((topic, word, at))
        elif kind == "suppression":
            lines.setdefault(address_hash, []).append(Suppressed(topic, word, at))
        else:
            told.append((at, contact_id, word))
    standings = {}
    for each in people.values():
        said, against = agreed(acts.get(each.id, ())), lines.get(each.address_hash, ())
        standings[each.id] = standing_of(against, said, each.stage, each.client_since, each.dealt_at)
    return Judged(people, standings, _open_complaints(told))


def _open_complaints(told: list[tuple[datetime, int, str]]) -> dict[int, datetime]:
    """When each was raised that nothing resolved behind it; of an instant's the one that was stored last counts."""
    found: dict[int, datetime] = {}
    for at, contact_id, name in sorted(told, key=itemgetter(0)):
        if name == "complaint.raised":
            found[contact_id] = at
        else:
            found.pop(contact_id, None)
    return found


def read_bookings(session: Session, contact_ids: Collection[int], event: str) -> dict[int, list[Happening]]:
    """What each contact booked and how that went, and the events that rhythm counts by, for whoever asks no more."""
    found: dict[int, list[Happening]] = {}
    values = {"ids": listed(contact_ids), "names": [event, *BOOKINGS]}
    for contact_id, number, name, at, data, about, key in read(session, BOOKED, **values):
        named = about or key or event_key(number)
        happening = Happening(name, at, json.loads(data) if data != EMPTY else {}, about=about, key=named)
        found.setdefault(contact_id, []).append(happening)
    return found
