"""How Alembic reaches the database: on the connection of `everafter migrate`, or by DATABASE_URL for its own tool."""

from __future__ import annotations

import pkgutil

from alembic import context
from sqlalchemy import Connection, create_engine

import service.store
from service.settings import read_settings
from service.store.partition import is_part
from service.store.tables import Table

# Every table must be known before a comparison.
for module in pkgutil.iter_modules(service.store.__path__, "service.store."):
    pkgutil.resolve_name(module.name)


def run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Table.metadata,
        transaction_per_migration=True,
        compare_server_default=True,
        include_name=lambda name, kind, parents: kind != "table" or name is None or not is_part(name),
    )
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    with create_engine(read_settings().database_url).connect() as own:
        run(own)
