"""Carry a publication on to the people who are here: one batch a transaction, by whatever worker has time.

A batch locks its people in ascending order and takes only those whom nobody holds, so it waits for no sender; those
it could not have are remembered and come first next time. How far it is stands in the same commit as what was done.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from service.actions.follow import follow, reopen
from service.actions.take_in import await_people, has_room, take_in
from service.domain.rollout import EXPECT, INTAKE, REOPEN, REPLAN
from service.ports import Published
from service.store.bulk import among
from service.store.contact import Contact, lock_contacts
from service.store.enrolment import Enrolment
from service.store.rollout import CONCERNS, Rollout, take_rollout

# Other processes look for a new publication once a second; what they began by the old one is over by then.
SETTLE = timedelta(seconds=3)
BATCH = 250  # people: a sender who meets a batch waits a tenth of a second for it


def roll_out(
    session: Session, published: Published, now: datetime, limit: int = BATCH, settle: timedelta = SETTLE
) -> int:
    """Take one batch of what is left to do; how many people it was about, 0 where nothing can be done just now.

    The caller commits.
    """
    rollout = take_rollout(session, published.id, now, settle)
    if rollout is None:
        return 0
    if rollout.what == INTAKE and not has_room(rollout, published.library.business, now):
        return 1  # tomorrow again: it says when
    batch, is_last = _next_batch(session, rollout, limit)
    locked = (
        set(lock_contacts(session, sorted({contact_id for _, contact_id in batch}), wait=False)) if batch else set()
    )
    held = [id_ for id_, contact_id in batch if contact_id in locked]
    rollout.skipped = [id_ for id_, contact_id in batch if contact_id not in locked] + rollout.skipped[limit:]
    rollout.cursor = max([rollout.cursor, *(id_ for id_, _ in batch)])
    if held:
        _do(session, published, rollout, held, now)
    if is_last and not rollout.skipped:
        session.delete(rollout)
        return max(1, len(held))
    return len(held)


def _next_batch(session: Session, rollout: Rollout, limit: int) -> tuple[list[tuple[int, int]], bool]:
    """(what the cursor counts, contact) of those to come, those that were skipped first; whether they are the last."""
    again = rollout.skipped[:limit]
    room = limit - len(again)
    if rollout.what in CONCERNS:
        number, query = Enrolment.id, select(Enrolment.id, Enrolment.contact_id)
        which = (Enrolment.sequence == rollout.sequence, Enrolment.state.in_(CONCERNS[rollout.what]))
        ahead = query.where(*which)
    else:
        number, query = Contact.id, select(Contact.id, Contact.id.label("contact_id"))
        ahead = query
    ahead = ahead if rollout.ends is None else ahead.where(number <= rollout.ends)
    skipped = _pairs(session, query.where(among(number, again))) if again else []
    found = _pairs(session, ahead.where(number > rollout.cursor).order_by(number).limit(room))
    return skipped + found, len(found) < room


def _pairs(session: Session, query: Select[int, int]) -> list[tuple[int, int]]:
    return [(id_, contact_id) for id_, contact_id in session.execute(query)]


def _do(session: Session, published: Published, rollout: Rollout, ids: Sequence[int], now: datetime) -> None:
    key = rollout.sequence
    if rollout.what == REPLAN:
        follow(session, published, key, ids, now)
    elif rollout.what == REOPEN:
        reopen(session, published, key, ids, now)
    elif rollout.what == EXPECT:
        await_people(session, published, key, ids, now)
    else:
        room = rollout.per_day - rollout.entered_today if rollout.per_day is not None else None
        entered, later = take_in(session, published, key, ids, now, room)
        rollout.entered_today += entered
        rollout.skipped = [*later, *rollout.skipped]
