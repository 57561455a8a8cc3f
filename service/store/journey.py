"""Journey time: one row, moved by beat alone, there only where time was ever made to run fast."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, SmallInteger, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from service import clock
from service.store.tables import Instant, Table


class JourneyClock(Table):
    """`at` is journey time now: it jumps from one instant at which something is due to the next, never back."""

    __tablename__ = "journey_clock"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    at: Mapped[Instant]


AT = text("SELECT at FROM journey_clock")  # asked all the time: written out, nothing is put together for it


def journey_now(session: Session) -> datetime:
    """Journey time, aware, in UTC: the row where there is one, else the machine's time."""
    return shifted_now(session) or clock.machine_now()


def shifted_now(session: Session) -> datetime | None:
    """Journey time where it runs apart from the machine's; None where they are one."""
    return session.connection().execute(AT).scalar()
