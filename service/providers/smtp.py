"""Mail over SMTP: a few sessions that are kept, each with a share of every group, all served by one thread."""

from __future__ import annotations

import select
import smtplib
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

from service.ports import Meanwhile, Message, Outcome, TryLater, nothing
from service.providers.smtp_dialogue import Closed
from service.providers.smtp_session import Session, read_url

PER_CONNECTION = 500  # messages; Yahoo and others close silently at a limit of their own
READ, WRITE = select.POLLIN | select.POLLPRI, select.POLLOUT


class Round:
    """A group on its way: who waits for a session, and what came of the others, by delivery."""

    def __init__(self, messages: Sequence[Message], start_by: float) -> None:
        self.waiting = deque(messages)
        self.start_by = start_by
        self.outcomes: dict[int, Outcome] = {}
        self.away: TryLater | None = None  # no session could be opened any more

    def put_off_if_late(self) -> None:
        if self.waiting and time.monotonic() > self.start_by:
            self.put_off(TryLater("its group's time was over before its turn came", "budget", 0))

    def put_off(self, why: TryLater) -> None:
        """None of those who wait leaves now."""
        self.outcomes |= {message.delivery_id: why for message in self.waiting}
        self.waiting.clear()


class Smtp:
    """Up to `sessions` connections to one server, opened when they are first needed and again after they were lost."""

    def __init__(self, url: str, name: str = "smtp", sessions: int = 1) -> None:
        self.name = name
        self._server = read_url(url)
        self._most = sessions
        self._sessions: list[Session] = []

    def send(
        self, messages: Sequence[Message], start_by: float, at_once: int = 0, meanwhile: Meanwhile = nothing
    ) -> list[Outcome]:
        """Hand over a group, see `Provider`. `at_once`: over no more sessions than that."""
        group = Round(messages, start_by)
        most = min(self._most, at_once or self._most)
        for session in _ready(self._sessions, 0.0):  # a server may have closed what it kept for a while
            self._guarded(session, group, session.read)
        while group.waiting or any(not session.is_idle for session in self._sessions):
            self._assign(group, most)
            self._listen(group, meanwhile)
        return [group.outcomes[message.delivery_id] for message in messages]

    def close(self) -> None:
        """End the sessions politely where there are any."""
        while self._sessions:
            self._sessions.pop().quit()

    def _assign(self, group: Round, most: int) -> None:
        """Begin as many of the waiting mails as there is room for, and write what is to be said."""
        group.put_off_if_late()
        self._open(min(most, len(group.waiting)), group)
        group.put_off_if_late()  # to connect may take seconds
        for session in sorted(self._sessions[:most], key=_is_busy):
            if group.waiting and session.is_free and session.count < PER_CONNECTION:
                session.begin(group.waiting.popleft(), group.start_by)
            self._guarded(session, group, session.flush)

    def _open(self, count: int, group: Round) -> None:
        """Have so many sessions, those among them that carried their share anew; fewer where no more can be opened."""
        for session in self._sessions.copy():
            if session.count >= PER_CONNECTION and session.is_idle:
                self._sessions.remove(session)
                session.quit()
        missing = count - len(self._sessions)
        if missing > 0 and group.away is None:
            with ThreadPoolExecutor(missing) as pool:
                opened = list(pool.map(lambda _: self._try(), range(missing)))
            self._sessions += [each for each in opened if isinstance(each, Session)]
            group.away = next((each for each in opened if isinstance(each, TryLater)), None)
        if not self._sessions and group.away is not None:
            group.put_off(group.away)

    def _try(self) -> Session | TryLater:
        try:
            return Session(self._server)
        except (OSError, smtplib.SMTPException) as error:
            return TryLater(f"no connection to the mail server: {_words(error)}", "connect")

    def _listen(self, group: Round, meanwhile: Meanwhile) -> None:
        """Wait until something comes, or the line takes more, or somebody's patience is over."""
        busy = [session for session in self._sessions if not session.is_idle]
        if not busy:
            return
        patience = min([session.deadline for session in busy]) - time.monotonic()
        ready = _ready(busy, patience, meanwhile)
        now = time.monotonic()
        for session in busy:
            if session in ready:
                self._guarded(session, group, session.read)
            elif now > session.deadline:
                self._guarded(session, group, session.give_up)

    def _guarded(self, session: Session, group: Round, act: Callable[[], None]) -> None:
        """Do something with a session; where that ends it, what was only announced in it waits again."""
        try:
            act()
        except (OSError, Closed) as error:
            self._sessions.remove(session)
            group.waiting.extendleft(reversed(session.lose(_words(error))))
        for message, outcome in session.collect():
            group.outcomes[message.delivery_id] = outcome


def _ready(sessions: Iterable[Session], patience: float, meanwhile: Meanwhile = nothing) -> list[Session]:
    """Those in which there is something to hear, once there is in one, or the line takes more of another, or `patience`
    (seconds) is over."""
    poll, by_number = select.poll(), {session.fileno(): session for session in sessions}
    for number, session in by_number.items():
        poll.register(number, READ | WRITE if session.is_writing else READ)
    events = poll.poll(0)
    while not events and meanwhile():
        events = poll.poll(0)
    events = events or poll.poll(max(0.0, 1000 * patience))
    return [by_number[number] for number, event in events if event & ~WRITE]


def _is_busy(session: Session) -> bool:
    return not session.is_idle


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:200]
