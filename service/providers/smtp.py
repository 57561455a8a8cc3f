"""Mail over SMTP (RFC 5321), with a connection that is kept.

What a reply proves: before the data's final dot, a lost line or a 4xx means the mail was not taken; a 5xx that it
never will be. After it, silence means that nobody knows (RFC 1047).
"""

from __future__ import annotations

import smtplib
import socket
import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit

from service.ports import Message, Outcome, Refused, Sent, TryLater, Uncertain

CONNECT = 10.0  # seconds
COMMAND = 60.0  # seconds for a reply; RFC 5321 §4.5.3.2 asks for minutes, our group's budget for less
END_OF_DATA = 600.0  # seconds, RFC 5321 §4.5.3.2.6; the lease is renewed meanwhile
PER_CONNECTION = 100  # messages; Yahoo and others close silently at a limit of their own


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


class Smtp:
    """One SMTP session, opened when it is first needed and again after it was lost."""

    def __init__(self, url: str, name: str = "smtp") -> None:
        self.name = name
        self._server = read_url(url)
        self._session: smtplib.SMTP | None = None
        self._sent = 0

    def send(self, messages: Sequence[Message], start_by: float) -> list[Outcome]:
        """Hand over a group one after another; one outcome a message, in order."""
        return [self._send(message, start_by) for message in messages]

    def close(self) -> None:
        """End the session politely where there is one."""
        session, self._session, self._sent = self._session, None, 0
        if session is not None:
            try:
                session.quit()
            except (OSError, smtplib.SMTPException):
                session.close()

    def _send(self, message: Message, start_by: float) -> Outcome:
        if time.monotonic() > start_by:
            return TryLater("its group's time was over before its turn came", "budget", 0)
        try:
            session = self._open()
        except (OSError, smtplib.SMTPException) as error:
            self._drop()
            return TryLater(f"no connection to the mail server: {_words(error)}", "connect")
        try:
            early = self._envelope(session, message)
        except (OSError, smtplib.SMTPException) as error:
            self._drop()
            return TryLater(f"the line was cut before the mail: {_words(error)}", "connect")
        return early or self._data(session, message)

    def _open(self) -> smtplib.SMTP:
        if self._session is not None and self._sent >= PER_CONNECTION:
            self.close()
        if self._session is None:
            self._session = self._connect()
        return self._session

    def _connect(self) -> smtplib.SMTP:
        server = self._server
        if server.implicit_tls:
            secure = ssl.create_default_context()
            session: smtplib.SMTP = smtplib.SMTP_SSL(server.host, server.port, timeout=CONNECT, context=secure)
        else:
            session = smtplib.SMTP(server.host, server.port, timeout=CONNECT)
        session.ehlo()
        if server.starttls and session.has_extn("starttls"):
            session.starttls(context=ssl.create_default_context())
            session.ehlo()
        if server.user:
            session.login(server.user, server.password)
        _timeout(session, COMMAND)
        return session

    def _envelope(self, session: smtplib.SMTP, message: Message) -> Outcome | None:
        """MAIL and RCPT; None when the server is ready for the data's 354."""
        code, reply = session.mail(message.sender)
        if code != 250:
            return self._answer(session, code, reply, in_all=True)  # it has not heard yet whom the mail is for
        code, reply = session.rcpt(message.recipient)
        if code not in {250, 251}:
            return self._answer(session, code, reply)
        code, reply = session.docmd("data")
        return None if code == 354 else self._answer(session, code, reply)

    def _data(self, session: smtplib.SMTP, message: Message) -> Outcome:
        raw = message.raw if message.raw.endswith(b"\r\n") else message.raw + b"\r\n"
        try:
            _timeout(session, END_OF_DATA)
            session.send(_dotted(raw) + b".\r\n")
            code, reply = session.getreply()
            _timeout(session, COMMAND)
        except (OSError, smtplib.SMTPException) as error:
            self._drop()
            return Uncertain(f"the line was cut after the mail: {_words(error)}", "cut")
        if code == 250:
            self._sent += 1
            return Sent(reply.decode("utf-8", "replace")[:200])
        return self._answer(session, code, reply)

    def _answer(self, session: smtplib.SMTP, code: int, reply: bytes, *, in_all: bool = False) -> Outcome:
        """What a refusal means, with the server's own words; the session is made ready for the next mail."""
        words = f"{code} {reply.decode('utf-8', 'replace')}"[:300]
        if code == 421 or not 200 <= code < 600:
            self._drop()  # the server is closing the channel (RFC 5321 §3.8), or speaks no SMTP
            return TryLater(words, str(code), in_all=in_all)
        try:
            session.rset()
        except (OSError, smtplib.SMTPException):
            self._drop()
        return Refused(words, str(code)) if code >= 500 else TryLater(words, str(code), in_all=in_all)

    def _drop(self) -> None:
        session, self._session, self._sent = self._session, None, 0
        if session is not None:
            session.close()


def _timeout(session: smtplib.SMTP, seconds: float) -> None:
    if isinstance(session.sock, socket.socket):
        session.sock.settimeout(seconds)


def _dotted(raw: bytes) -> bytes:
    """A line that begins with a dot gets another (RFC 5321 §4.5.2)."""
    return (b"." + raw if raw.startswith(b".") else raw).replace(b"\r\n.", b"\r\n..")


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:200]
