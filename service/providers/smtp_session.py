"""One SMTP connection: opened and secured by smtplib, then a dialogue over its socket that never blocks."""

from __future__ import annotations

import smtplib
import socket
import ssl
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import parse_qs, unquote, urlsplit

from service.ports import Message, Outcome
from service.providers.smtp_dialogue import Closed, Dialogue

CONNECT = 10.0  # seconds
BYE = 1.0  # seconds for QUIT
AT_ONCE = 65_536  # bytes
NOT_NOW = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


@dataclass(frozen=True, slots=True)
class Server:
    """Where and how to connect, from `smtp://user:password@host:587` or `smtps://…`; `?tls=none` refuses STARTTLS."""

    host: str
    port: int
    user: str
    password: str
    implicit_tls: bool
    starttls: bool


def read_url(url: str) -> Server:
    """The server that a URL names. Raises ValueError with the spelling to use."""
    parts = urlsplit(url)
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
        raise ValueError("an SMTP address looks like smtp://user:password@mail.example.org:587")
    implicit = parts.scheme == "smtps"
    return Server(
        host=parts.hostname,
        port=parts.port or (465 if implicit else 25),
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        implicit_tls=implicit,
        starttls=not implicit and parse_qs(parts.query).get("tls") != ["none"],
    )


class Session:
    """A connection and what is said over it. Raises OSError or smtplib.SMTPException where it can't be opened."""

    def __init__(self, server: Server) -> None:
        self._smtp = _connect(server)
        assert isinstance(self._smtp.sock, socket.socket)
        self._socket = self._smtp.sock
        self._socket.setblocking(False)
        self._dialogue = Dialogue(pipelining=self._smtp.has_extn("pipelining"))
        self._moved_at = 0.0  # time.monotonic() seconds, when something was last heard or said

    def fileno(self) -> int:
        return self._socket.fileno()

    @property
    def count(self) -> int:
        """How many mails were begun in it."""
        return self._dialogue.count

    @property
    def is_free(self) -> bool:
        """Whether another mail may begin."""
        return self._dialogue.is_free

    @property
    def is_idle(self) -> bool:
        return not self._dialogue.mails

    @property
    def deadline(self) -> float:
        """Until when (time.monotonic() seconds) the reply that is awaited is waited for."""
        return self._moved_at + self._dialogue.patience

    @property
    def is_writing(self) -> bool:
        """Whether the line takes no more at the moment of what is to be written."""
        return bool(self._dialogue.out)

    def begin(self, message: Message, start_by: float) -> None:
        """Announce a mail, when the session is free; `flush` writes it."""
        self._dialogue.begin(message, start_by)

    def read(self) -> None:
        """Hear what has come, as far as it has. Raises OSError or Closed where the session is over."""
        while True:
            try:
                data = self._socket.recv(AT_ONCE)
            except NOT_NOW:
                return
            if not data:
                raise Closed("the server hung up")
            self._dialogue.hear(data)
            self._moved_at = time.monotonic()
            if not isinstance(self._socket, ssl.SSLSocket) or not self._socket.pending():
                return

    def flush(self) -> None:
        """Write what the line takes now. Raises OSError."""
        dialogue = self._dialogue
        if not dialogue.out:
            return  # nobody's patience begins anew
        while dialogue.out:
            try:
                dialogue.wrote(self._socket.send(dialogue.out))
            except NOT_NOW:
                break
        self._moved_at = time.monotonic()

    def give_up(self) -> None:
        """Nothing came within the deadline. Raises TimeoutError."""
        raise TimeoutError("no reply in time")

    def collect(self) -> list[tuple[Message, Outcome]]:
        """The outcomes that became known since this was last asked."""
        settled = self._dialogue.settled
        if settled:
            self._dialogue.settled = []
        return settled

    def lose(self, why: str) -> list[Message]:
        """The line is lost: settles what was begun, and returns what was only announced."""
        announced = self._dialogue.lose(why)
        self._smtp.close()
        return announced

    def quit(self) -> None:
        """End it politely."""
        with suppress(OSError, smtplib.SMTPException):
            self._socket.settimeout(BYE)
            self._smtp.quit()
        self._smtp.close()


def _connect(server: Server) -> smtplib.SMTP:
    name = _own_name()
    if server.implicit_tls:
        secure = ssl.create_default_context()
        session: smtplib.SMTP = smtplib.SMTP_SSL(server.host, server.port, name, timeout=CONNECT, context=secure)
    else:
        session = smtplib.SMTP(server.host, server.port, name, timeout=CONNECT)
    try:
        session.ehlo_or_helo_if_needed()
        if server.starttls and session.has_extn("starttls"):
            session.starttls(context=ssl.create_default_context())
            session.ehlo()
        if server.user:
            session.login(server.user, server.password)
    except BaseException:
        session.close()
        raise
    return session


@lru_cache(maxsize=1)
def _own_name() -> str | None:
    """What this host says it is called, looked up once; smtplib would ask the name server for each connection."""
    name = socket.getfqdn()
    return name if "." in name else None  # then smtplib says its address in brackets
