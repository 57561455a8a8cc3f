"""How often people complain: what the breaker of the whole business is read from."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from service.domain.breaker import Breaker, state_of
from service.domain.policy import BreakerPolicy
from service.store.contact import Suppression
from service.store.delivery import COUNTED, Delivery

KEPT = timedelta(minutes=1)  # of journey time, for which a process believes what it has read
RAREST = 1e-5  # a share of complaints below which nobody looks


@dataclass(frozen=True, slots=True)
class Reading:
    at: datetime
    policy: BreakerPolicy
    state: Breaker


_readings: WeakKeyDictionary[Engine, Reading] = WeakKeyDictionary()  # by database


def breaker_now(session: Session, policy: BreakerPolicy, now: datetime) -> Breaker:
    """The breaker, read at most once a minute a process."""
    engine = session.get_bind().engine
    last = _readings.get(engine)
    if last is None or last.policy != policy or not last.at <= now < last.at + KEPT:
        last = _readings[engine] = Reading(now, policy, read_breaker(session, policy, now))
    return last.state


def read_breaker(session: Session, policy: BreakerPolicy, now: datetime) -> Breaker:
    """The breaker by what stands in the database: people who complained about mail, by marketing mails that left.

    A person who complains is suppressed, and counts once, however often and about however many topics. Mails are
    counted no further than it takes to know.
    """
    since = now - policy.span
    about = (Suppression.reason == "complained", Suppression.at > since, Suppression.at <= now)
    complaints = session.scalar(select(func.count(Suppression.address_hash.distinct())).where(*about)) or 0
    if complaints < policy.fewest:
        return Breaker.CLOSED
    enough = math.floor(complaints / max(policy.slow, RAREST)) + 1
    left = (Delivery.handed_at > since, Delivery.priority > 0, Delivery.state.in_(COUNTED))
    mails = select(Delivery.id).where(*left).limit(enough).subquery()
    return state_of(complaints, session.scalar(select(func.count()).select_from(mails)) or 0, policy)
