"""The booking system, shop or CRM saw something: it is kept once, moves the person's stage, and begins sequences."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from service.actions.enrol import enrol, enrol_by
from service.actions.expect import begun_by, expect_dates, expect_visits
from service.actions.lighten import lighten
from service.actions.receive_reply import receive_reply
from service.domain.effect import DEALS, STAGE_AFTER
from service.domain.entry import Occasion, answers, begins_anew
from service.domain.happening import Happening
from service.domain.pressure import EVIDENCE
from service.domain.throttle import COMPLAINT
from service.ports import Published
from service.store.contact import Contact
from service.store.delivery import Delivery, State
from service.store.enrolment import Enrolment
from service.store.event import Event, event_key
from service.store.told import keep_events, note_deals

SKEW = timedelta(seconds=5)  # by which the clocks of two machines may differ


@dataclass(frozen=True, slots=True)
class Seen:
    """An event as it came in. `at` is when it happened, UTC; `key` makes a repetition harmless."""

    name: str
    at: datetime
    key: str | None = None
    about: str | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    value: Decimal | None = None
    currency: str | None = None


def receive_event(session: Session, published: Published, contact: Contact, seen: Seen, now: datetime) -> int | None:
    """Keep an event about a locked contact; its id, or None where the same was told before. The caller commits.

    The person's enrolments are woken, so that stops and goals take effect at once, on claimed mail too. The same name
    about the same thing again is a correction: what it began gets the new data and date, and only what was called
    off begins anew.
    """
    event_id = _keep(session, contact, seen)
    if event_id is None:
        return None
    corrects = _replace_older(session, contact.id, seen, event_id)
    wake(session, contact.id, now)
    if seen.name in DEALS:
        contact.dealt_at = max(seen.at, contact.dealt_at or seen.at)
    if seen.name in EVIDENCE:
        lighten(session, published, [contact.id], now)
    if seen.name == "reply":
        receive_reply(session, published, contact, seen.data, now)
    if seen.name == "complaint.resolved":
        _let_go(session, contact.id, now)
    key = seen.about or seen.key or event_key(event_id)
    data = Happening(seen.name, seen.at, seen.data, seen.value, about=seen.about).as_event()
    if seen.currency is not None:
        data["currency"] = seen.currency
    occasion = Occasion("event", seen.name, key, {"event": data}, about=key)
    if corrects:
        again = replace(occasion, key=f"{key}#{event_id}")
        _correct(session, published, contact, again, now)
    else:
        enrol_by(session, published, contact, occasion, now)
    expect_visits(session, published, contact, seen.name, now)
    stage = STAGE_AFTER.get(seen.name)
    if stage is not None:
        become(session, published, contact, stage, now)
    return event_id


def begins_something(published: Published, name: str) -> bool:
    """Whether more follows from an event of this name than that it is known, wakes people and shows them engaged."""
    told = Occasion("event", name, "")
    return (
        name in {"reply", "complaint.resolved"}
        or any(answers(sequence, told) for sequence in published.library.sequences)
        or bool(begun_by(published, "rhythm", name) or begun_by(published, "quiet", name))
    )


def keep_quietly(
    session: Session, published: Published, seen: Sequence[tuple[int, Seen]], now: datetime
) -> list[int | None]:
    """What `receive_event` does of events that begin nothing and are about no thing, each with its contact's id, many
    at once. The ids, None where the same was told before.

    The contacts are locked, and in the stage already that the event leads to; the caller commits.
    """
    if not seen:
        return []
    rows = [_row(who, event) | {"value": None if event.value is None else str(event.value)} for who, event in seen]
    ids = keep_events(session, rows, now - SKEW)
    new = [each for each, id_ in zip(seen, ids, strict=True) if id_ is not None]
    note_deals(session, [(who, event.at) for who, event in new if event.name in DEALS])
    lighten(session, published, sorted({who for who, event in new if event.name in EVIDENCE}), now)
    return ids


def _keep(session: Session, contact: Contact, seen: Seen) -> int | None:
    row = _row(contact.id, seen)
    return session.scalar(insert(Event).values(row).on_conflict_do_nothing().returning(Event.id))


def _row(contact_id: int, seen: Seen) -> dict[str, Any]:
    return {
        "contact_id": contact_id,
        "name": seen.name,
        "at": seen.at,
        "key": seen.key,
        "about": seen.about,
        "data": dict(seen.data),
        "value": seen.value,
        "currency": seen.currency,
    }


def _replace_older(session: Session, contact_id: int, seen: Seen, event_id: int) -> bool:
    """Whether the same was told about this thing before; that counts no longer."""
    if seen.about is None:
        return False
    older = (Event.contact_id == contact_id, Event.name == seen.name, Event.about == seen.about, Event.id != event_id)
    replace = update(Event).where(*older, ~Event.replaced).values(replaced=True).returning(Event.id)
    return session.execute(replace).first() is not None


def _correct(session: Session, published: Published, contact: Contact, told: Occasion, now: datetime) -> None:
    """What the event began learns what it says now; its dates are looked at when it wakes, which is at once."""
    states = defaultdict(list)
    begun = (Enrolment.contact_id == contact.id, Enrolment.about == told.about, Enrolment.began_by == told.name)
    for enrolment in session.scalars(select(Enrolment).where(*begun).order_by(Enrolment.id).with_for_update()):
        enrolment.data = enrolment.data | dict(told.data)
        states[enrolment.sequence].append(enrolment.state)
    session.flush()
    about = select(Event.name).where(Event.contact_id == contact.id, Event.about == told.about, ~Event.replaced)
    called_off = session.scalars(about).all() if states else ()
    for sequence in published.library.sequences:
        if begins_anew(sequence, states[sequence.key], called_off) and answers(sequence, told):
            enrol(session, published, contact, sequence, told, now)


def _let_go(session: Session, contact_id: int, now: datetime) -> None:
    """A complaint is settled: what it held is looked at again."""
    held = (Delivery.contact_id == contact_id, Delivery.state == State.HELD, Delivery.rule == COMPLAINT)
    session.execute(update(Delivery).where(*held).values(wake_at=now))


def become(session: Session, published: Published, contact: Contact, stage: str, now: datetime) -> None:
    """Move a locked contact to a stage of the journey, and begin what waits for that. The caller commits."""
    if contact.stage == stage:
        return
    contact.stage = stage
    contact.updated_at = now
    if stage == "client":
        contact.client_since = now
    session.flush()
    wake(session, contact.id, now)
    enrol_by(session, published, contact, Occasion("becomes", stage, f"{stage}:{now.isoformat()}"), now)
    expect_dates(session, published, contact, now)


def retag(session: Session, published: Published, contact: Contact, tags: list[str], now: datetime) -> None:
    """Give a locked contact these tags, and begin what waits for the new ones. The caller commits."""
    new = [tag for tag in tags if tag not in contact.tags]
    if tags == contact.tags:
        return
    contact.tags = tags
    contact.updated_at = now
    session.flush()
    wake(session, contact.id, now)
    for tag in new:
        enrol_by(session, published, contact, Occasion("tagged", tag, f"{tag}:{now.isoformat()}"), now)


def wake(session: Session, contact_id: int, now: datetime) -> None:
    """Let the engine look at a person's enrolments at once: something happened that may end them.

    A little before now, so that a worker whose clock is behind ours does not take it for something to come.
    """
    mine = (Enrolment.contact_id == contact_id, Enrolment.state == "active")
    session.execute(update(Enrolment).where(*mine).values(wake_at=now - SKEW))
