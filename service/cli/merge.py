"""`everafter merge`: two addresses are one person's: make of their two contacts one.

The first one stays, and mail goes there from now on. All that was known of the other one passes on, gaps are filled,
and what either unsubscribed from stays so.
"""

from __future__ import annotations

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from service.actions.merge import CantMerge
from service.actions.merge import merge as make_one
from service.domain.contact import BadAddress, read_address
from service.local.servers import servers
from service.runtime import Runtime
from service.settings import read_settings
from service.store.contact import Contact
from service.store.journey import journey_now

EPILOG = "\b\nExample: everafter merge ana@example.org ana.berger@work.example"


@click.command(help=__doc__, epilog=EPILOG)
@click.argument("stays")
@click.argument("goes")
@click.option("--yes", is_flag=True, help="Don't ask first.")
def merge(stays: str, goes: str, yes: bool) -> None:
    with servers(read_settings(), "everafter merge") as settings:
        runtime = Runtime(settings)
        try:
            with runtime.session() as session:
                ids = [_find(session, each) for each in (stays, goes)]
            if not yes:
                click.confirm(f"Make {goes} one with {stays}? This can't be taken back", abort=True, err=True)
            published = runtime.published()
            with runtime.session() as session:
                moved = make_one(session, published, ids[0], ids[1], journey_now(session))
            runtime.bell.ring()
        except CantMerge as error:
            raise click.ClickException(str(error)) from None
        finally:
            runtime.close()
    passed = ", ".join(f"{count:,} {what.replace('_', ' ')}" for what, count in moved.items() if count)
    click.echo(f"They are one. Passed on: {passed or 'nothing, there was nothing'}.")


def _find(session: Session, address: str) -> int:
    try:
        key = read_address(address).key
    except BadAddress as error:
        raise click.BadParameter(str(error)) from None
    found = session.scalar(select(Contact.id).where(Contact.email_key == key))
    if found is None:
        raise click.ClickException(f"There is no contact with the address {address}.")
    return found
