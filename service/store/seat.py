"""Seats among all hosts, kept by PostgreSQL for while Valkey, which keeps them else, is away: an advisory lock each.

A lock ends with its transaction and that with its connection, so that whoever dies gives up the seat, and nobody has to
guess how many there are. It is a transaction that stays open, and not a session's lock: behind a pooler the session is
another one each time.
"""

from __future__ import annotations

from contextlib import suppress

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError

SEAT = 0x45565345  # the first number of each lock; the second is the seat's own
# The server ends the connection of whoever keeps a seat without a word, as Valkey gives such a seat to another.
SIT = text(
    """
    SELECT set_config('idle_in_transaction_session_timeout', :held, true) FROM generate_series(1, :seats) AS n
    WHERE pg_try_advisory_xact_lock(:seat, n) LIMIT 1
    """
)
SITS = text("SELECT 1")


class Seats:
    """One process's seat, held for `held` seconds without a word.

    Never raises: without PostgreSQL nobody sits, and there is nothing to hand over either.
    """

    def __init__(self, engine: Engine, held: int = 60) -> None:
        self._engine = engine
        self._held = held
        self._connection: Connection | None = None

    def sit(self, seats: int) -> bool:
        """Whether this process has one of so many seats; it keeps it until it stands up."""
        try:
            return self._sits() or self._sits_down(seats)
        except SQLAlchemyError:
            self.stand_up()
            return False

    def stand_up(self) -> None:
        """Give the seat up, if there is one."""
        if self._connection is None:
            return
        with suppress(SQLAlchemyError):
            self._connection.rollback()
        with suppress(SQLAlchemyError):
            self._connection.close()
        self._connection = None

    def _sits(self) -> bool:
        """Whether there is a seat still: a connection that was lost took it with it."""
        if self._connection is not None:
            self._connection.execute(SITS)
        return self._connection is not None

    def _sits_down(self, seats: int) -> bool:
        connection = self._engine.connect()
        if connection.scalar(SIT, {"seats": seats, "seat": SEAT, "held": f"{self._held}s"}) is None:
            connection.close()
            return False
        self._connection = connection
        return True
