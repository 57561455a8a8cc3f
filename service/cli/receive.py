"""`everafter receive`: take one mail from standard input, as a mail server hands it on: a bounce, a complaint, a reply.

It is kept before this ends, and read by the workers. Where it can't be kept now, the exit status is 75, by which mail
servers know to try again; so nothing is lost.
"""

from __future__ import annotations

import sys
from typing import BinaryIO

import click
from sqlalchemy.exc import SQLAlchemyError

from service.clock import machine_now
from service.local.error import LocalError
from service.local.servers import servers
from service.providers.inbound import CAME_TO, KEPT, InboundMail
from service.runtime import Runtime
from service.settings import read_settings
from service.store.notice import keep_notices

PIECE = 65_536  # bytes
TRY_AGAIN = 75  # EX_TEMPFAIL of sysexits.h
EPILOG = """\b
Example, for Postfix's master.cf:
  everafter unix - n n - - pipe flags=q user=everafter
    argv=everafter receive --to ${original_recipient}"""


@click.command(help=__doc__, epilog=EPILOG)
@click.option("--to", "came_to", multiple=True, metavar="ADDRESS", help="Whom the envelope names; repeatable.")
@click.pass_context
def receive(context: click.Context, came_to: tuple[str, ...]) -> None:
    body = _first_part(sys.stdin.buffer)
    if not body.strip():
        raise click.UsageError("There is no mail on standard input.")
    notice = {
        "at": machine_now(),
        "provider": InboundMail.name,
        "account": "",
        "headers": {CAME_TO: ",".join(came_to)[:1_000]} if came_to else {},
        "body": body,
        "items": 1,
    }
    try:
        with servers(read_settings(), "everafter receive") as settings:
            runtime = Runtime(settings)
            with runtime.session() as session:
                keep_notices(session, [notice])
            runtime.bell.ring()
            runtime.close()
    except (SQLAlchemyError, LocalError) as error:
        click.echo(f"The mail can't be kept now, try again: {type(error).__name__}", err=True)
        context.exit(TRY_AGAIN)


def _first_part(stream: BinaryIO) -> bytes:
    """The beginning of what comes in; the rest is read too, so that whoever writes it doesn't fail."""
    kept = stream.read(KEPT)
    while stream.read(PIECE):
        continue
    return kept
