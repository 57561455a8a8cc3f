"""A mail server that takes everything and remembers the bytes, in the order they came."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from service.local import port


@dataclass(frozen=True)
class Mail:
    """One mail as it arrived."""

    sender: str
    recipient: str
    raw: bytes
    received_at: float  # time.time()

    @property
    def message(self) -> EmailMessage:
        parsed = message_from_bytes(self.raw, policy=policy.default)
        assert isinstance(parsed, EmailMessage)
        return parsed

    def part(self, kind: str) -> str:
        part = self.message.get_body((kind,))
        assert part is not None
        return str(part.get_content())

    @property
    def subject(self) -> str:
        return str(self.message["Subject"])


@dataclass
class Inbox:
    """What came in. Reading it from another thread is safe: mails are only ever appended."""

    mails: list[Mail] = field(default_factory=list)
    url: str = ""

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 (aiosmtpd's name)
        raw = envelope.original_content or b""
        for recipient in envelope.rcpt_tos:
            self.mails.append(Mail(envelope.mail_from or "", recipient, raw, time.time()))
        return "250 2.0.0 taken"

    def of(self, recipient: str) -> list[Mail]:
        return [mail for mail in list(self.mails) if mail.recipient == recipient]

    def wait_for(self, recipient: str, count: int = 1, seconds: float = 120) -> list[Mail]:
        """The mails of a recipient once there are so many. Fails with what did come."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if len(self.of(recipient)) >= count:
                return self.of(recipient)
            time.sleep(0.05)
        came = [mail.subject for mail in self.of(recipient)]
        raise AssertionError(f"after {seconds:g} s {recipient} has {len(came)} of {count} mails: {came}")

    def twice(self) -> list[str]:
        """Message-IDs that came more than once."""
        counted = Counter(str(mail.message["Message-ID"]) for mail in list(self.mails))
        return [name for name, count in counted.items() if count > 1]


@contextmanager
def receiving() -> Iterator[Inbox]:
    """An inbox behind a real SMTP server on loopback, for as long as the `with` lasts."""
    inbox = Inbox()
    number = free_port()
    controller = Controller(inbox, hostname="127.0.0.1", port=number, ready_timeout=60)
    controller.start()
    inbox.url = f"smtp://127.0.0.1:{number}"
    try:
        yield inbox
    finally:
        controller.stop()


def free_port() -> int:
    """A port of loopback that nobody listens on, and that nobody else is given while this process lives."""
    return port.free_port("127.0.0.1", 0)
