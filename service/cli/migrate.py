"""`everafter migrate`: bring the database up to date. Safe while the old code runs, and from two hosts at once."""

from __future__ import annotations

import click
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, create_engine, event, text
from sqlalchemy.pool import NullPool

from service.local.servers import servers
from service.settings import ROOT, read_settings

LOCK = 7_263_480_115  # any number, as long as it stays the same
TURN_WAIT = "10min"  # for another host's migration
TABLE_WAIT = "5s"  # for a table; a longer wait would queue every signup behind us


@click.command("migrate", help=__doc__, epilog="Example: everafter migrate")
def run() -> None:
    with servers(read_settings(), "everafter migrate") as settings:
        migrate(settings.database_url)


def migrate(database_url: str) -> None:
    """Run what is missing of migrations/, each in a transaction of its own, one host at a time.

    Whose turn it is hangs on an open transaction of a second connection, and every wait on its own transaction: nothing
    belongs to a session, which behind a pooler may be another one each time. Raises sqlalchemy.exc.OperationalError
    where the database is away, or a table stays locked; then nothing of that migration is done, and it can be tried
    again.
    """
    engine = create_engine(database_url, poolclass=NullPool)
    with engine.connect() as turn, engine.connect() as connection:
        _set_local(turn, lock_timeout=TURN_WAIT, statement_timeout="0", idle_in_transaction_session_timeout="0")
        turn.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        event.listen(connection, "begin", _bounded)
        command.upgrade(Config(toml_file=ROOT / "pyproject.toml", attributes={"connection": connection}), "head")


def _bounded(connection: Connection) -> None:
    """Rows may take their time to move; nobody else waits for a table."""
    _set_local(connection, lock_timeout=TABLE_WAIT, statement_timeout="0")


def _set_local(connection: Connection, **settings: str) -> None:
    for name, value in settings.items():
        connection.execute(text("SELECT set_config(:name, :value, true)"), {"name": name, "value": value})
