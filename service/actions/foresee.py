"""What comes to one person by itself: their next weeks, lived ahead by the core that will decide them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session

from service.actions.lives import NEW, read_lives
from service.actions.look_ahead import live
from service.domain.sequence.model.library import Library
from service.domain.simulation.calendar import Touch, touch_of
from service.domain.simulation.life import Life
from service.domain.simulation.row import PLANNED, UNSENT, Row
from service.domain.simulation.simulate import upcoming
from service.store.contact import Contact
from service.store.history import read_pasts

MOST_INSTANTS = 1_000  # at which something falls due; who has more of them is looked ahead for less far


def foresee(session: Session, library: Library, contact: Contact, now: datetime, until: datetime) -> list[Touch]:
    """The touches that come between `now` and before `until`, the earliest first, as they would be if the person did
    nothing, and no colleague either. Nothing is written.

    What is still held then stands at the time at which it is looked at again. `number` is the delivery's id, above
    `lives.NEW` where the touch is not planned yet; so it is with `enrolment`.
    """
    life = read_lives(session, library, [contact], read_pasts(session, [contact.id]), now)[contact.id]
    ahead = {row.number for row in life.rows if row.state in UNSENT}
    _live_on(life, until)
    rows = (row for row in life.rows if row.state != PLANNED and (row.number in ahead or row.number > NEW))
    return sorted((_told(row, life, now) for row in rows), key=lambda each: each.at)


def _told(row: Row, life: Life, now: datetime) -> Touch:
    """What was due before, and does not leave, stands where it ends."""
    touch = touch_of(row, None, life.zone)
    at = row.expires_at if row.state == "expired" and row.expires_at else max(touch.at, now)
    return replace(touch, at=at, local=at.astimezone(life.zone))


def _live_on(life: Life, until: datetime) -> None:
    at: datetime | None = life.now
    for _ in range(MOST_INSTANTS):
        if at is None or at >= until:
            return
        life.now = at
        live(life)
        at = min(upcoming(life, ()), default=None)
