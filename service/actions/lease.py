"""A worker's hold on the mails it took: renewed while it lives, over by itself when it dies."""

from __future__ import annotations

from dataclasses import dataclass, field
from secrets import token_hex
from typing import NamedTuple

from sqlalchemy import func, text, update
from sqlalchemy.orm import Session

from service.store.delivery import Delivery, State
from service.store.driver import read_alone

LEASE = 45.0  # seconds
LEAST = 7  # the class of mail that is least urgent
RENEW = 10.0  # seconds between two renewals; three may be missed

READY = """
    SELECT id FROM delivery
    WHERE state = 'cleared' AND pace_group IS NULL AND priority <= :least
      AND (retry_at IS NULL OR retry_at <= clock_timestamp())
      AND (lease_until IS NULL OR lease_until <= clock_timestamp())
"""
TAKE = text(
    f"""
    WITH urgent AS MATERIALIZED (
        {READY} AND priority < :priority ORDER BY priority, id LIMIT :limit FOR UPDATE SKIP LOCKED
    ),
    ready AS MATERIALIZED (
        {READY} AND (priority, id) > (CAST(:priority AS smallint), CAST(:number AS bigint))
        ORDER BY priority, id LIMIT :limit - (SELECT count(*) FROM urgent) FOR UPDATE SKIP LOCKED
    )
    UPDATE delivery SET token = :token, lease_until = clock_timestamp() + make_interval(secs => :lease)
    WHERE id = ANY (ARRAY (SELECT id FROM urgent UNION ALL SELECT id FROM ready))
    RETURNING id, priority,
              expires_at < coalesce((SELECT at FROM journey_clock), clock_timestamp()) IS TRUE AS is_over,
              split_part(
                  coalesce(staff_to, (SELECT email FROM contact WHERE contact.id = delivery.contact_id)), '@', -1
              ) AS domain
    """  # noqa: S608 (our own words)
)
# Joined, the rows would be looked up in a way that hangs on :limit, and no plan could be kept. A claim that a crash of
# the server undoes is nobody's: its token is gone from the rows, and with it the right to commit an intent.
TAKE = TAKE.execution_options(lasting=False)


class Place(NamedTuple):
    """A place in the line of what is cleared."""

    priority: int
    number: int


FRONT = Place(-1, 0)  # before all


class Taken(NamedTuple):
    """A mail that was taken, to whichever domain. `is_over`: it expired, and is taken only to be told so."""

    id: int
    priority: int
    is_over: bool
    domain: str

    @property
    def place(self) -> Place:
        """Where in the line it stood."""
        return Place(self.priority, self.id)


@dataclass(slots=True)
class Lease:
    """One run of a worker. `token` names it in the rows, so that only it may record what came of its mails;
    `ids` are the mails it has in hand now."""

    token: str = field(default_factory=lambda: token_hex(12))
    ids: tuple[int, ...] = ()


def take(session: Session, lease: Lease, limit: int, least: int = LEAST, behind: Place = FRONT) -> list[Taken]:
    """Take up to `limit` cleared mails, the most urgent first and none less so than `least`, past those that others
    hold; of the class of `behind` only those behind it. Kept at once, but where the session has begun something: then
    the caller commits."""
    values = {"limit": limit, "least": least, "token": lease.token, "lease": LEASE}
    rows = read_alone(session, TAKE, **values, **behind._asdict())
    taken = sorted((Taken._make(row) for row in rows), key=lambda each: each.place)
    lease.ids += tuple(each.id for each in taken)
    return taken


def renew(session: Session, lease: Lease) -> None:
    """Keep what a living worker has in hand, so that an end of data may take its ten minutes. The caller commits."""
    session.execute(
        update(Delivery)
        .where(Delivery.id.in_(lease.ids), Delivery.token == lease.token)
        .where(Delivery.state.in_((State.CLEARED, State.HANDED)))
        .values(lease_until=func.clock_timestamp() + func.make_interval(0, 0, 0, 0, 0, 0, LEASE))
    )


def release(session: Session, lease: Lease) -> None:
    """Give back what was taken and not handed over, so that nobody waits for the lease's end. The caller commits."""
    session.execute(
        update(Delivery)
        .where(Delivery.id.in_(lease.ids), Delivery.token == lease.token, Delivery.state == State.CLEARED)
        .values(lease_until=None, token=None)
    )
