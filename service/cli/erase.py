"""`everafter erase`: forget a person for good: their row, all that hangs on it, and their name wherever else it stands.

The suppression list keeps a keyed hash, so that nobody writes to them again by mistake; opens and clicks stay as a
count. Backups that were made before hold the person until you throw them away.
"""

from __future__ import annotations

import json

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from service.actions.erase import erase as forget
from service.actions.forget_copies import forget_copies
from service.domain.contact import BadAddress, address_hash, read_address
from service.local.home import Home
from service.local.servers import servers
from service.settings import read_settings
from service.store.contact import Contact
from service.store.engine import open_engine
from service.store.person import read_suppressions
from service.store.secret import suppression_key
from service.store.traces import mails_naming

EPILOG = "\b\nExample: everafter erase ana@example.org\n         everafter erase ana@example.org --yes --json"
NOBODY = "There is no contact with this address."
WIDTH = 18


@click.command(help=__doc__, epilog=EPILOG)
@click.argument("address")
@click.option("--yes", is_flag=True, help="Don't ask first.")
@click.option("--json", "as_json", is_flag=True, help="Print what was removed for programs.")
def erase(address: str, yes: bool, as_json: bool) -> None:
    try:
        known = read_address(address)
    except BadAddress as error:
        raise click.BadParameter(str(error), param_hint="ADDRESS") from None
    with servers(read_settings(), "everafter erase") as settings:
        engine = open_engine(settings.database_url)
        with Session(engine) as session:
            contact_id = session.scalar(select(Contact.id).where(Contact.email_key == known.key))
        if contact_id is None:
            raise click.ClickException(NOBODY)
        if not yes:
            click.confirm(f"Forget {known.email} for good? This can't be taken back", abort=True, err=True)
        with Session(engine) as session:
            naming = mails_naming(session, contact_id)
            gone = forget(session, contact_id)
            session.commit()
            gone["copies"] = forget_copies(session, Home(settings.home).mailbox, naming) if gone else 0
            hashed = address_hash(suppression_key(session), known.key)
            stays = {"suppressions": len(read_suppressions(session, hashed))}
        engine.dispose()
    report = {"removed": {what: count for what, count in gone.items() if count}, "kept": stays}
    click.echo(json.dumps(report, indent=2) if as_json else _told(report))


def _told(report: dict[str, dict[str, int]]) -> str:
    lines = [f"  {what.replace('_', ' '):<{WIDTH}} {count:>6,}" for what, count in report["removed"].items()]
    kept = report["kept"]["suppressions"]
    stays = f"{kept} of the suppression list, as a keyed hash" if kept else "nothing of the suppression list"
    return "\n".join(["Removed:", *lines, f"Stays: {stays}."])
