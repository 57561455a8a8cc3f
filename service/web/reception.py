"""Where signups are taken: those that come in at the same time share one statement and one commit.

Nobody waits for company. Whoever comes first is served at once; those who come meanwhile stand in line, and the next
one served is the whole line. No answer is given before its own commit.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from threading import Event, Lock

import structlog
from sqlalchemy import text
from sqlalchemy.orm import Session

from service.actions.sign_up import SignedUp, sign_up
from service.actions.sign_up_newcomers import Signup, is_plain, sign_up_newcomers
from service.fault import reach
from service.runtime import Runtime
from service.store.journey import journey_now
from service.web.transaction import transact

AT_ONCE = 100  # signups in one statement
# Of all in a statement. Somebody else may be about to store one of these addresses; the others don't wait for that.
PATIENCE = text("SET LOCAL lock_timeout = '500ms'")

log = structlog.get_logger()


class Ticket:
    """A place in the line. `turn` comes when it was served, or is to serve the line itself."""

    __slots__ = ("error", "signed_up", "signup", "turn", "was_served")

    def __init__(self, signup: Signup) -> None:
        self.signup = signup
        self.turn = Event()
        self.was_served = False
        self.signed_up: SignedUp | None = None
        self.error: Exception | None = None


class Reception:
    """One process's. Any thread may call."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._line: deque[Ticket] = deque()
        self._lock = Lock()
        self._is_serving = False

    def take(self, signup: Signup) -> SignedUp:
        """Take a signup; it is committed when this returns, and the bell rings. Raises what the database raises."""
        signed_up = self._stand_in_line(signup) if is_plain(self._runtime.published(), signup) else None
        if signed_up is None:
            signed_up = self._take_alone(signup)
            self._runtime.bell.ring()
        return signed_up

    def _take_alone(self, signup: Signup) -> SignedUp:
        """The general way: of whoever is here already, or came through a friend."""
        published, hash_key = self._runtime.published(), self._runtime.hash_key
        filled = (signup.form, signup.address, signup.fields, signup.evidence)

        def work(session: Session) -> SignedUp:
            signed_up = sign_up(session, published, hash_key, *filled, journey_now(session))
            reach("mid_signup")
            return signed_up

        signed_up = transact(self._runtime, work)
        reach("after_signup_commit")
        return signed_up

    def _stand_in_line(self, signup: Signup) -> SignedUp | None:
        """None where the signup is none of a newcomer's, or could not be taken in company."""
        ticket = Ticket(signup)
        with self._lock:
            self._line.append(ticket)
            is_next, self._is_serving = not self._is_serving, True
        if not is_next:
            ticket.turn.wait()
        if not ticket.was_served:
            self._serve_line()
        if ticket.error is not None:
            raise ticket.error
        return ticket.signed_up

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
        if any(ticket.signed_up is not None for ticket in tickets):
            self._runtime.bell.ring()

    def _pick(self) -> tuple[list[Ticket], deque[Ticket]]:
        """Those who are served together, no two of one address; and those who stay in line."""
        picked: dict[str, Ticket] = {}
        rest: deque[Ticket] = deque()
        for ticket in self._line:
            key = ticket.signup.address.key
            if key in picked or len(picked) == AT_ONCE:
                rest.append(ticket)
            else:
                picked[key] = ticket
        return list(picked.values()), rest

    def _serve(self, tickets: Sequence[Ticket]) -> None:
        signups = [ticket.signup for ticket in tickets]
        was_written = False
        try:
            published, hash_key = self._runtime.published(), self._runtime.hash_key
            with self._runtime.session() as session:
                session.execute(PATIENCE)
                signed_up = sign_up_newcomers(session, published, hash_key, signups, journey_now(session))
                reach("mid_signup")
                was_written = True
        except Exception as error:  # noqa: BLE001 (whatever is wrong with one of them must be no harm to the others)
            if not was_written:
                log.warning("signups.one_by_one", count=len(signups), error=type(error).__name__)
                return
            for ticket in tickets:
                ticket.error = error  # of the commit: nobody knows what came of it
            return
        reach("after_signup_commit")
        for ticket, each in zip(tickets, signed_up, strict=True):
            ticket.signed_up = each
