"""`everafter mailbox`: the development mailbox, which receives what SMTP_URL sends it."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

import click

from service.local.home import Home
from service.local.mailbox import receive
from service.settings import read_settings

PORT = 1025


@click.command(help=__doc__, epilog="Example: SMTP_URL=smtp://127.0.0.1:1025 everafter mailbox")
def mailbox() -> None:
    settings = read_settings()
    address = urlsplit(settings.smtp_url or f"smtp://127.0.0.1:{PORT}")
    home = Home(settings.home)
    home.make()
    asyncio.run(receive(home.mailbox, address.hostname or "", address.port or PORT))
