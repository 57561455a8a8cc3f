"""Which hosts work on this database, and by which settings: each beat says so twice a minute."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import SmallInteger, delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from service.store.tables import Instant, Json, Stamp, Table

HERE = timedelta(minutes=2)  # for which a host that has said nothing still counts as there
FORGOTTEN = timedelta(days=1)


class Host(Table):
    """One home on one machine. `clock_at` is its own clock and `seen_at` the database's, of the same moment."""

    __tablename__ = "host"

    name: Mapped[str] = mapped_column(primary_key=True)
    settings: Mapped[Json]  # what must agree, secrets as fingerprints
    connections: Mapped[int] = mapped_column(SmallInteger)  # to the database, that its processes may open
    clock_at: Mapped[Instant]
    seen_at: Mapped[Stamp]

    @property
    def skew(self) -> timedelta:
        """How far its clock is ahead of the database's, the way there included."""
        return self.clock_at - self.seen_at


def announce(session: Session, name: str, settings: Mapping[str, str], connections: int, machine_now: datetime) -> None:
    """Say that a host is there; those that were not heard of for a day are forgotten. The caller commits."""
    row = {"settings": dict(settings), "connections": connections, "clock_at": machine_now}
    said = insert(Host).values(name=name, **row)
    session.execute(
        said.on_conflict_do_update(index_elements=["name"], set_={**row, "seen_at": func.clock_timestamp()})
    )
    session.execute(delete(Host).where(Host.seen_at < func.clock_timestamp() - FORGOTTEN))


def read_hosts(session: Session) -> Sequence[Host]:
    """The hosts that are there, by name."""
    here = select(Host).where(Host.seen_at > func.clock_timestamp() - HERE)
    return session.scalars(here.order_by(Host.name)).all()
