"""The way up, down and up again, and that it ends where the models are."""

from __future__ import annotations

import pkgutil

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection, create_engine, inspect

import service.store
from service.cli.migrate import migrate
from service.settings import ROOT
from service.store.partition import is_part
from service.store.tables import Table

for module in pkgutil.iter_modules(service.store.__path__, "service.store."):
    pkgutil.resolve_name(module.name)


def is_ours(name: str | None, kind: str, parents: object) -> bool:
    return kind != "table" or name is None or not is_part(name)


def differences(connection: Connection) -> list[object]:
    options = {"compare_type": True, "compare_server_default": True, "include_name": is_ours}
    context = MigrationContext.configure(connection, opts=options)
    return list(compare_metadata(context, Table.metadata))


def test_up_down_and_up_again_ends_where_the_models_are(empty_database_url: str) -> None:
    migrate(empty_database_url)
    engine = create_engine(empty_database_url)
    with engine.connect() as connection:
        assert differences(connection) == []
        connection.commit()
        down = Config(toml_file=ROOT / "pyproject.toml", attributes={"connection": connection})
        command.downgrade(down, "base")
        connection.commit()
        assert inspect(connection).get_table_names() in ([], ["alembic_version"])
        connection.commit()
    migrate(empty_database_url)
    with engine.connect() as connection:
        assert differences(connection) == []
    engine.dispose()


def test_migrating_twice_changes_nothing(empty_database_url: str) -> None:
    migrate(empty_database_url)
    migrate(empty_database_url)
