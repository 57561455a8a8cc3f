"""The booking system, shop or CRM saw something: it is kept once, moves the person's stage, and begins sequences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from secrets import token_hex
from typing import Any

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from service.actions.enrol import Occasion, enrol_by
from service.ports import Published
from service.store.contact import Contact
from service.store.enrolment import Enrolment
from service.store.event import Event

MAKES_CLIENT = frozenset({"agreement.signed", "visit.completed", "purchase"})
MAKES_FORMER = frozenset({"client.left"})


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

    The person's enrolments are woken, so that stops and goals take effect at once, on claimed mail too.
    """
    values = {
        "contact_id": contact.id,
        "name": seen.name,
        "at": seen.at,
        "key": seen.key,
        "about": seen.about,
        "data": dict(seen.data),
        "value": seen.value,
        "currency": seen.currency,
    }
    event_id: int | None = session.scalar(insert(Event).values(values).on_conflict_do_nothing().returning(Event.id))
    if event_id is None:
        return None
    wake(session, contact.id, now)
    data = dict(seen.data) | {
        "name": seen.name,
        "at": seen.at.isoformat(),
        "about": seen.about,
        "value": str(seen.value) if seen.value is not None else None,
        "currency": seen.currency,
    }
    key = seen.about or seen.key or f"event:{token_hex(8)}"
    enrol_by(session, published, contact, Occasion("event", seen.name, key, {"event": data}), now)
    if seen.name in MAKES_CLIENT and contact.stage != "client":
        become(session, published, contact, "client", now)
    elif seen.name in MAKES_FORMER:
        become(session, published, contact, "former", now)
    return event_id


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


def wake(session: Session, contact_id: int, now: datetime) -> None:
    """Let the engine look at a person's enrolments at once: something happened that may end them."""
    session.execute(
        update(Enrolment).where(Enrolment.contact_id == contact_id, Enrolment.state == "active").values(wake_at=now)
    )
