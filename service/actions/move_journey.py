"""Move journey time, where it runs fast: from one instant at which something is due to the next, never back."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from service.domain.hit import WAITING
from service.store.delivery import Delivery, State
from service.store.enrolment import Enrolment
from service.store.event import Hit
from service.store.journey import JourneyClock, shifted_now
from service.store.referral import Referral
from service.store.rollout import Rollout, anything_due
from service.store.task import Task

UNDER_WAY = ("active", "awaited")

WITHOUT_OUTCOME = (State.DUE, State.CLEARED, State.HANDED)
STRIDE = timedelta(milliseconds=0.5)  # times the speed: what falls due within it is done together


def start_journey(session: Session, now: datetime) -> datetime:
    """Let journey time run apart from the machine's, from `now` or from where it stood. The caller commits."""
    session.execute(insert(JourneyClock).values(id=1, at=now).on_conflict_do_nothing())
    at = shifted_now(session)
    assert at is not None
    # A home that was left alone catches up with the world: time never stands before the machine's own.
    if at < now:
        session.execute(update(JourneyClock).values(at=now))
    return max(at, now)


def move_journey(session: Session, elapsed: timedelta, speed: float) -> timedelta:
    """Move by `elapsed` real time at `speed`; how much of the elapsed time was used. Only beat calls it.

    Time stands still while anything due has no outcome yet, so that no mail is late because the demo is fast. The
    caller commits.
    """
    at = session.scalar(select(JourneyClock.at).with_for_update())
    if at is None or unfinished(session, at):
        return timedelta(0)
    aim = at + elapsed * speed
    upcoming = _next_due(session, at)
    if upcoming is not None and upcoming < aim:
        aim = min(aim, upcoming + STRIDE * speed)
    session.execute(update(JourneyClock).values(at=aim))
    return (aim - at) / speed


def unfinished(session: Session, at: datetime) -> bool:
    """Whether anything due at `at` has no outcome yet, a click is not judged yet that may change what comes next, or
    people do not follow what was published yet."""
    due = select(Enrolment.id).where(Enrolment.state.in_(UNDER_WAY), Enrolment.wake_at <= at)
    waiting = select(Delivery.id).where(
        or_(Delivery.state.in_(WITHOUT_OUTCOME), (Delivery.state == State.HELD) & (Delivery.wake_at <= at))
    )
    clicks = select(Hit.nonce).where(Hit.rule == WAITING.rule)
    tasks = select(Task.id).where(Task.state == "open", Task.wake_at <= at)
    referrals = select(Referral.id).where(Referral.wake_at <= at)
    any_of_them = due.exists() | waiting.exists() | clicks.exists() | tasks.exists() | referrals.exists()
    return bool(session.scalar(select(any_of_them))) or anything_due(session, at)


def _next_due(session: Session, at: datetime) -> datetime | None:
    enrolment = select(func.min(Enrolment.wake_at)).where(Enrolment.state.in_(UNDER_WAY), Enrolment.wake_at > at)
    held = select(func.min(Delivery.wake_at)).where(Delivery.state == State.HELD, Delivery.wake_at > at)
    rollout = select(func.min(Rollout.wake_at)).where(Rollout.wake_at > at)
    task = select(func.min(Task.wake_at)).where(Task.state == "open", Task.wake_at > at)
    referral = select(func.min(Referral.wake_at)).where(Referral.wake_at > at)
    soonest = (each.scalar_subquery() for each in (enrolment, held, rollout, task, referral))
    return session.scalar(select(func.least(*soonest)))
