from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.exc import OperationalError

from service.cli import migrate as module
from service.cli.migrate import migrate
from service.settings import ROOT


@pytest.fixture
def empty(empty_database_url):
    engine = create_engine(empty_database_url)
    yield engine
    engine.dispose()


def config(connection):
    return Config(toml_file=ROOT / "pyproject.toml", attributes={"connection": connection})


def test_hosts_that_migrate_at_once_take_turns(empty, empty_database_url):
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(migrate, [empty_database_url] * 4))
    assert "delivery" in inspect(empty).get_table_names()


def test_a_locked_table_is_not_waited_for_long_and_nothing_is_half_done(empty, empty_database_url, monkeypatch):
    monkeypatch.setattr(module, "TABLE_WAIT", "100ms")
    migrate(empty_database_url)
    with empty.connect() as connection:
        command.downgrade(config(connection), "base")
        connection.commit()
        connection.execute(text("LOCK TABLE alembic_version IN ACCESS EXCLUSIVE MODE"))
        with pytest.raises(OperationalError, match="lock timeout"):
            migrate(empty_database_url)
        connection.rollback()
    assert inspect(empty).get_table_names() == ["alembic_version"]
    migrate(empty_database_url)
    assert "delivery" in inspect(empty).get_table_names()
