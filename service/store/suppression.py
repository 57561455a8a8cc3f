"""The suppression list, read: lines under the keyed hash of an address, with the address where somebody has it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import Session

from service.store.contact import Contact, Suppression

Listed = tuple[Suppression, str | None]  # a line, and the address where somebody is known by its hash
BATCH = 1_000  # rows that are read at a time


def search_list(
    session: Session,
    limit: int,
    before: int | None,
    *,
    address_hash: bytes | None = None,
    topic: str | None = None,
    reason: str | None = None,
) -> Sequence[Listed]:
    """Up to `limit` lines, the newest first, with ids below `before`."""
    which: list[ColumnElement[bool]] = []
    if before is not None:
        which.append(Suppression.id < before)
    if address_hash is not None:
        which.append(Suppression.address_hash == address_hash)
    if topic is not None:
        which.append(Suppression.topic == topic)
    if reason is not None:
        which.append(Suppression.reason == reason)
    found = session.execute(_listed().where(*which).order_by(Suppression.id.desc()).limit(limit))
    return [(line, email) for line, email in found]


def find_line(session: Session, line_id: int) -> Listed | None:
    """One line by its id."""
    found = session.execute(_listed().where(Suppression.id == line_id)).one_or_none()
    return (found[0], found[1]) if found else None


def whole_list(session: Session) -> Iterator[Listed]:
    """All lines, the oldest first, without holding them all."""
    query = _listed().order_by(Suppression.id).execution_options(yield_per=BATCH)
    for found in session.execute(query):
        yield found[0], found[1]


def _listed() -> Select[Suppression, str | None]:
    return select(Suppression, Contact.email).outerjoin(Contact, Contact.address_hash == Suppression.address_hash)
