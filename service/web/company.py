"""Who comes in at the same time is served together: one transaction for all of them, and one commit.

Nobody waits for company that may never come. Whoever comes first is served at once; those who come meanwhile stand in
line, and the next ones served are the whole line, once it stops growing. Nobody is told anything before the commit, and
nobody is harmed by a neighbour.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from threading import Event, Lock
from typing import Generic, TypeVar

import structlog
from sqlalchemy import text
from sqlalchemy.orm import Session

from service.runtime import Runtime

AT_ONCE = 100  # of one transaction
# A transaction costs as much as some twenty of those whom it serves, so where a line has formed, the next one lets it
# grow: while anybody joined it within the last STEP, and for LINGER at most. Both in seconds.
STEP = 0.002
LINGER = 0.010
# Somebody else may hold what one of them needs; the others don't wait for that.
PATIENCE = text("SET LOCAL lock_timeout = '500ms'")

Asked = TypeVar("Asked")
Given = TypeVar("Given")

log = structlog.get_logger()


class Ticket(Generic[Asked, Given]):
    """A place in the line. `turn` comes when it was served, or is to serve the line itself."""

    __slots__ = ("asked", "error", "given", "turn", "was_served")

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        self.given: Given | None = None
        self.error: Exception | None = None
        self.turn = Event()
        self.was_served = False


class Company(Generic[Asked, Given]):
    """One process's line for one kind of thing. Any thread may call.

    `work` does all that is asked in a transaction that is not its own, and says what came of each; None where it
    kept nothing of it. No two of those with the same `name` are served together.
    """

    def __init__(
        self,
        runtime: Runtime,
        work: Callable[[Session, Sequence[Asked]], Sequence[Given | None]],
        name: Callable[[Asked], Hashable] = id,
    ) -> None:
        self._runtime = runtime
        self._work = work
        self._name = name
        self._line: deque[Ticket[Asked, Given]] = deque()
        self._lock = Lock()
        self._is_serving = False

    def take(self, asked: Asked) -> Given | None:
        """What came of it, committed, and the bell rings; None where it has to be done alone, as nothing of it was
        kept. Raises what the commit raises: nobody knows then what came of it."""
        ticket: Ticket[Asked, Given] = Ticket(asked)
        with self._lock:
            self._line.append(ticket)
            is_next, self._is_serving = not self._is_serving, True
        if not is_next:
            ticket.turn.wait()
            if not ticket.was_served:
                self._linger()
        if not ticket.was_served:
            self._serve_line()
        if ticket.error is not None:
            raise ticket.error
        return ticket.given

    def _linger(self) -> None:
        """While the line grows."""
        until, length = time.monotonic() + LINGER, 0
        while length < len(self._line) < AT_ONCE and time.monotonic() < until:
            length = len(self._line)
            time.sleep(STEP)

    def _serve_line(self) -> None:
        """Serve everybody in line, and call upon the next who came meanwhile to do the same."""
        with self._lock:
            tickets, self._line = self._pick()
        try:
            self._serve(tickets)
        finally:
            for ticket in tickets:
                ticket.was_served = True
                ticket.turn.set()
            with self._lock:
                self._is_serving = bool(self._line)
                if self._line:
                    self._line[0].turn.set()
        if any(ticket.given is not None for ticket in tickets):
            self._runtime.bell.ring()

    def _pick(self) -> tuple[list[Ticket[Asked, Given]], deque[Ticket[Asked, Given]]]:
        """Those who are served together, and those who stay in line."""
        picked: dict[Hashable, Ticket[Asked, Given]] = {}
        rest: deque[Ticket[Asked, Given]] = deque()
        for ticket in self._line:
            name = self._name(ticket.asked)
            if name in picked or len(picked) == AT_ONCE:
                rest.append(ticket)
            else:
                picked[name] = ticket
        return list(picked.values()), rest

    def _serve(self, tickets: Sequence[Ticket[Asked, Given]]) -> None:
        was_done = False
        try:
            with self._runtime.session() as session:
                session.execute(PATIENCE)
                given = self._work(session, [ticket.asked for ticket in tickets])
                was_done = True
        except Exception as error:  # noqa: BLE001 (whatever is wrong with one of them must be no harm to the others)
            if not was_done:
                log.warning("company.one_by_one", count=len(tickets), error=type(error).__name__)
                return
            for ticket in tickets:
                ticket.error = error  # of the commit
            return
        for ticket, each in zip(tickets, given, strict=True):
            ticket.given = each
