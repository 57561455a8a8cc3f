"""`everafter key`: give programs access to /api/v1, and take it back."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from service.actions.grant import NameTaken, grant
from service.actions.grant import revoke as take_back
from service.domain.access import KEY_NAME, MEANINGS, OF_THE_API, Scope
from service.domain.webhook import secret_of, shown
from service.local.servers import servers
from service.settings import read_settings
from service.store.access import ApiKey
from service.store.engine import open_engine
from service.store.secret import WEBHOOKS, made_once

SCOPES = "\n".join(f"  {scope:<18} {meaning}" for scope, meaning in MEANINGS.items())


@click.group(
    help="Give programs access to /api/v1, and take it back.",
    epilog=f"\b\nExample: everafter key create booking-system --scope events:write\n\n\b\nScopes:\n{SCOPES}",
)
def key() -> None: ...


@key.command(epilog="\b\nExample: everafter key create booking-system --scope events:write --scope contacts:write")
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=click.Choice([scope.value for scope in Scope]),
    metavar="SCOPE",
    help="What it may do, repeated; the whole API where none is given.",
)
def create(name: str, scopes: Sequence[str]) -> None:
    """Make a key and print it: once, and alone on standard output. Only its hash is kept."""
    if not KEY_NAME.fullmatch(name) or len(name) > 60:
        raise click.BadParameter("small letters, digits and hyphens, like booking-system", param_hint="NAME")
    with _session() as session:
        try:
            made = grant(session, name, frozenset(map(Scope, scopes)) or OF_THE_API)
        except NameTaken:
            raise click.ClickException(
                f"There is, or was, a key “{name}”, and its name stands in the reasons of what it did. Choose another."
            ) from None
    click.echo(made)
    click.echo("Keep it now: it is not shown again.", err=True)


@key.command(epilog="\b\nExample: everafter key revoke booking-system")
@click.argument("name")
def revoke(name: str) -> None:
    """Take a key back. Within five seconds it is refused everywhere."""
    with _session() as session:
        if not take_back(session, name):
            raise click.ClickException(f"There is no key “{name}”; `everafter key list` shows them all.")
    click.echo(f"“{name}” is revoked.", err=True)


@key.command(epilog="\b\nExample: everafter key webhook crm")
@click.argument("name")
def webhook(name: str) -> None:
    """Print what proves that calls to a webhook of business.yaml are ours: give it to whoever receives them.

    Calls are signed as Standard Webhooks. Each name has a secret of its own; another name is another secret.
    """
    with _session() as session:
        root = made_once(session, WEBHOOKS)
    click.echo(shown(secret_of(root, name)))


@key.command("list", epilog="\b\nExample: everafter key list")
@click.option("--json", "as_json", is_flag=True, help="Print a list that programs can read.")
def list_keys(as_json: bool) -> None:
    """Show the keys there are, and what each may do."""
    with _session() as session:
        rows = session.scalars(select(ApiKey).order_by(ApiKey.name)).all()
    if as_json:
        click.echo(json.dumps([_plain(row) for row in rows], indent=2))
        return
    if not rows:
        click.echo("There are no keys yet; `everafter key create NAME` makes one.", err=True)
    width = max((len(row.name) for row in rows), default=0)
    for row in rows:
        may = "the whole API" if set(row.scopes) == OF_THE_API else " ".join(row.scopes)
        state = f"revoked {row.revoked_at:%Y-%m-%d}" if row.revoked_at else f"since   {row.created_at:%Y-%m-%d}"
        click.echo(f"{row.name:<{width}}   {state}   {may}")


def _plain(row: ApiKey) -> dict[str, object]:
    revoked_at = row.revoked_at.astimezone(UTC).isoformat() if row.revoked_at else None
    created_at = row.created_at.astimezone(UTC).isoformat()
    return {"name": row.name, "scopes": row.scopes, "created_at": created_at, "revoked_at": revoked_at}


@contextmanager
def _session() -> Iterator[Session]:
    """A session on this home's database, committed in the end."""
    with servers(read_settings(), "everafter key") as settings:
        engine = open_engine(settings.database_url)
        with Session(engine, expire_on_commit=False) as session, session.begin():
            yield session
        engine.dispose()
