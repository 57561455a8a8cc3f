"""The development mailbox: receives by real SMTP, on this machine alone, and keeps each mail in a Maildir."""

from __future__ import annotations

import asyncio
import signal
from mailbox import Maildir
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

from service.local.error import LocalError
from service.settings import LOOPBACK

MAIL_BYTES = 25 * 1024 * 1024
KEPT = 2000  # mails; the oldest go first
PRUNE_EVERY = 50


class Keeper:
    """Stores what arrives, exactly as received, behind the two lines of final delivery (RFC 5321, section 4.4)."""

    def __init__(self, folder: Path) -> None:
        folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = folder
        self._maildir = Maildir(folder)
        self._received = 0

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 (aiosmtpd's name)
        content = envelope.original_content or b""
        trace = f"Return-Path: <{envelope.mail_from or ''}>\r\n"
        trace += "".join(f"Delivered-To: {recipient}\r\n" for recipient in envelope.rcpt_tos)
        self._maildir.add(trace.encode("utf-8", "surrogateescape") + content)
        if self._received % PRUNE_EVERY == 0:
            self._prune()
        self._received += 1
        return "250 OK"

    def _prune(self) -> None:
        """Maildir names begin with the second of arrival, so they sort by age."""
        mails = [mail for part in ("new", "cur") for mail in (self._folder / part).iterdir()]
        for mail in sorted(mails, key=lambda mail: mail.name)[:-KEPT]:
            mail.unlink(missing_ok=True)


async def receive(folder: Path, host: str, port: int) -> None:
    """Receive until SIGTERM or SIGINT. Raises LocalError for an address that others could reach, or one in use."""
    if host not in LOOPBACK:
        raise LocalError(f"The mailbox listens on this machine alone, not on {host}.")
    loop = asyncio.get_running_loop()
    keeper = Keeper(folder)
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)

    def session() -> SMTP:
        return SMTP(
            keeper,
            data_size_limit=MAIL_BYTES,
            enable_SMTPUTF8=True,
            hostname="mailbox.localhost",
            ident="Everafter mailbox",
            timeout=60,
            loop=loop,
        )

    try:
        server = await loop.create_server(session, host, port)
    except OSError as error:
        raise LocalError(f"The mailbox can't listen on {host}:{port}: {error.strerror}.") from None
    async with server:
        await ended.wait()
