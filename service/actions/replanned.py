"""Write down what replanning found, for a thousand enrolments in half a dozen statements."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Boolean, DateTime, SmallInteger, Text, delete, literal, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from service.actions.proceed import new_message_id
from service.domain.enrolment import Wait
from service.domain.kind import MANNERS
from service.domain.replan import PLANNED, WAITING, Replan, Row
from service.domain.sequence.model.sequence import Sequence as Journey
from service.domain.sequence.model.step import Step
from service.ports import Published
from service.store.bulk import Columns, among, rows_of
from service.store.delivery import Delivery, State
from service.store.enrolment import Enrolment

WHEN = DateTime(timezone=True)


@dataclass(frozen=True, slots=True)
class Touch(Row):
    """A row of the table `delivery` as the core reads it."""

    id: int = 0
    priority: int = 0


@dataclass(frozen=True, slots=True)
class Follower:
    """One enrolment, its touches, and what the version in force means for it."""

    enrolment: Enrolment
    touches: Sequence[Touch]
    found: Replan


def write(
    session: Session, published: Published, sequence: Journey, followers: Sequence[Follower], now: datetime
) -> None:
    """Enrolments and touches are locked; the caller commits."""
    if not followers:
        return
    _take_back(session, followers)
    _forget(session, followers)
    _move(session, sequence, followers)
    _ask_again(session, followers, now)
    _plan(session, published, followers)
    _wake(session, followers, now)


def _take_back(session: Session, followers: Iterable[Follower]) -> None:
    drops: dict[tuple[str, str], list[int]] = defaultdict(list)
    for each in followers:
        ids = {touch.step: touch.id for touch in each.touches}
        for drop in each.found.drops:
            drops[drop.rule, drop.reason].append(ids[drop.step])
    for (rule, reason), dropped in drops.items():
        over = {"state": State.CANCELLED, "rule": rule, "reason": reason, "wake_at": None, "token": None}
        _execute(session, update(Delivery).where(among(Delivery.id, dropped)).values(over | {"lease_until": None}))


def _forget(session: Session, followers: Iterable[Follower]) -> None:
    ids = [touch.id for each in followers for touch in each.touches if touch.step in each.found.forgotten]
    if ids:
        _execute(session, delete(Delivery).where(among(Delivery.id, ids)))


def _move(session: Session, sequence: Journey, followers: Iterable[Follower]) -> None:
    """Planned touches get the time that they have now, and all the rank of the kind that they are now."""
    ranks = {step.key: MANNERS[step.kind].priority for step in sequence.steps}
    rows = []
    for each in followers:
        times = {turn.step.key: turn.due_at for turn in each.found.turns}
        for touch in _kept(each):
            due = times.get(touch.step, touch.due_at) if touch.state == PLANNED else touch.due_at
            rank = ranks.get(touch.step, touch.priority)
            if (due, rank) != (touch.due_at, touch.priority):
                rows.append((touch.id, due, rank))
    if rows:
        new = rows_of("moved", {"id": BigInteger(), "due_at": WHEN, "priority": SmallInteger()}, rows)
        values = {"due_at": new.c.due_at, "priority": new.c.priority}
        _execute(session, update(Delivery).where(Delivery.id == new.c.id).values(values))


def _ask_again(session: Session, followers: Iterable[Follower], now: datetime) -> None:
    """What waits for a slot competes by the windows that it has now."""
    ids = [touch.id for each in followers for touch in _kept(each) if touch.state in {State.DUE, State.HELD}]
    if ids:
        _execute(session, update(Delivery).where(among(Delivery.id, ids)).values(wake_at=now))


def _plan(session: Session, published: Published, followers: Iterable[Follower]) -> None:
    """The touch that is next and has no row yet."""
    rows = []
    for each in followers:
        step, due = _next(each.found)
        if step is None or step.key in {touch.step for touch in _kept(each)}:
            continue
        who = (each.enrolment.id, each.enrolment.contact_id)
        rows.append((*who, step.key, MANNERS[step.kind].priority, due, new_message_id(published)))
    if not rows:
        return
    columns: Columns = {
        "enrolment_id": BigInteger(),
        "contact_id": BigInteger(),
        "step": Text(),
        "priority": SmallInteger(),
        "due_at": WHEN,
        "message_id": Text(),
    }
    new = rows_of("planned", columns, rows)
    chosen = select(*(new.c[name] for name in columns), literal(State.PLANNED.value))
    _execute(session, insert(Delivery).from_select([*columns, "state"], chosen).on_conflict_do_nothing())


def _next(found: Replan) -> tuple[Step | None, datetime | None]:
    if isinstance(found.move, Wait) and found.move.step is not None:
        return found.move.step, found.move.due_at
    if found.turns and not found.waiting:
        return found.turns[0].step, found.turns[0].due_at
    return None, None


def _wake(session: Session, followers: Iterable[Follower], now: datetime) -> None:
    """What takes more than waiting is left to the engine, which looks at once."""
    rows = [(each.enrolment.id, *_row(each.found, now)) for each in followers]
    times: Columns = {"wake_at": WHEN, "replanned_at": WHEN, "date_at": WHEN, "date_is_day": Boolean()}
    new = rows_of("woken", {"id": BigInteger(), **times}, rows)
    values = {name: new.c[name] for name in times}
    _execute(session, update(Enrolment).where(Enrolment.id == new.c.id).values(values))


def _row(found: Replan, now: datetime) -> Sequence[Any]:
    date = found.progress.date
    wake = found.move.until if isinstance(found.move, Wait) else now
    return wake, found.progress.replanned_at, date.at if date else None, date.is_day if date else False


def _kept(follower: Follower) -> Iterator[Touch]:
    gone: Collection[str] = {*(drop.step for drop in follower.found.drops), *follower.found.forgotten}
    return (touch for touch in follower.touches if touch.step not in gone and touch.state in {PLANNED, *WAITING})


def _execute(session: Session, statement: Any) -> None:
    # Not through the identity map: nothing of this batch is looked at again in its transaction.
    session.connection().execute(statement)
