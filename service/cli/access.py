"""`everafter access`: all that is stored about a person, to be given to them."""

from __future__ import annotations

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from service.domain.contact import Address, BadAddress, address_hash, read_address
from service.local.servers import servers
from service.settings import read_settings
from service.store.contact import Contact
from service.store.engine import open_engine
from service.store.person import Stored, as_json, read_person, read_suppressions
from service.store.secret import suppression_key


@click.command(help=__doc__, epilog="Example: everafter access ana@example.org > ana.json")
@click.argument("address")
def access(address: str) -> None:
    try:
        known = read_address(address)
    except BadAddress as error:
        raise click.BadParameter(str(error), param_hint="ADDRESS") from None
    with servers(read_settings(), "everafter access") as settings:
        engine = open_engine(settings.database_url)
        with Session(engine) as session:
            stored = _read(session, known)
        engine.dispose()
    if not stored:
        raise click.ClickException("Nothing is stored about this address.")
    click.echo(as_json(stored), nl=False)


def _read(session: Session, address: Address) -> Stored:
    """What is stored, empty where nothing is. A forgotten person may still stand on the suppression list."""
    contact = session.scalar(select(Contact).where(Contact.email_key == address.key))
    if contact is not None:
        return read_person(session, contact)
    suppressions = read_suppressions(session, address_hash(suppression_key(session), address.key))
    return {"suppressions": suppressions} if suppressions else {}
