"""A real PostgreSQL and a real Valkey for whoever asks: one of each a test process, started at the first use.

Every test finds a migrated database without a row and an empty Valkey. Only what guards against a power cut, and what
cleans up at moments of its own choosing, is switched off.
"""

from __future__ import annotations

import gc
import os
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import hypothesis
import psycopg
import pytest
from redis import Redis
from sqlalchemy import Engine, create_engine, make_url
from sqlalchemy.orm import Session

from service.cli.migrate import migrate
from service.local.home import Home
from service.local.postgres import Postgres
from service.local.valkey import Valkey
from service.settings import Settings, read_settings
from tests.database import SharedDatabase
from workers.process import calling

HASTE = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "autovacuum": "off"}
SELDOM = (50_000, 20, 100)  # how many new values, of each generation, before garbage is looked for
numbers = count(1)

# How fast an example is found or tried says something of the machine, and which ones are tried is the same every time:
# `--hypothesis-profile=default` looks for others.
hypothesis.settings.register_profile(
    "everafter", deadline=None, derandomize=True, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("everafter")


def pytest_configure() -> None:
    """Reading the tests makes millions of values that stay: a fifth of the time went into looking for garbage there."""
    gc.set_threshold(*SELDOM)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first: one that begins last is waited for by all processes but its own."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


def pytest_collection_finish() -> None:
    """What was read is never garbage."""
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def _no_settings_from_outside() -> None:
    """The settings of the person at the keyboard, their providers' keys above all, are none of the tests' business."""
    for field in Settings.model_fields.values():
        os.environ.pop(str(field.validation_alias), None)


@pytest.fixture(scope="session", autouse=True)
def _processes_keep_their_bytecode() -> None:
    """The hundreds of processes that tests start would each compile all of our modules again."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


@pytest.fixture(scope="session")
def home() -> Iterator[Home]:
    """The home of this test process's servers."""
    with tempfile.TemporaryDirectory(prefix="everafter-tests-", ignore_cleanup_errors=True) as folder:
        home = Home(Path(folder))
        home.make()
        yield home


@pytest.fixture(scope="session")
def postgres_url(home: Home) -> Iterator[str]:
    """The running PostgreSQL; its own database is empty."""
    with Postgres(home, HASTE) as server:
        yield server.url


@pytest.fixture(scope="session")
def shared_database(postgres_url: str) -> Iterator[tuple[str, SharedDatabase]]:
    """The migrated database of this test process: its address, and how it is emptied."""
    _run(postgres_url, "CREATE DATABASE migrated")
    migrate(_database(postgres_url, "migrated"))
    url = _database(postgres_url, "shared")
    database = SharedDatabase(_plain(postgres_url), _plain(url), "migrated")
    yield url, database
    database.close()


@pytest.fixture
def database_url(shared_database: tuple[str, SharedDatabase]) -> Iterator[str]:
    """A migrated database without a row, for this test alone."""
    url, database = shared_database
    yield url
    with calling:  # the thread in which a job calls other services may outlive it
        database.empty()


@pytest.fixture
def empty_database_url(postgres_url: str) -> Iterator[str]:
    """A database without any table, for this test alone."""
    name = f"test_{next(numbers)}"
    _run(postgres_url, f"CREATE DATABASE {name} TEMPLATE template0")
    yield _database(postgres_url, name)
    _run(postgres_url, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = create_engine(database_url, connect_args={"prepare_threshold": None})
    yield engine
    engine.dispose()


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    """A session in which nothing is committed but by the test."""
    with Session(engine, expire_on_commit=False) as session:
        yield session


@pytest.fixture(scope="session")
def valkey_url(home: Home) -> Iterator[str]:
    with Valkey(home) as server:
        with Redis.from_url(server.url) as client:
            client.config_set("appendfsync", "no")  # its clients give up after two seconds of a disk that is busy
        yield server.url


@pytest.fixture
def redis_url(valkey_url: str) -> str:
    """An empty Valkey, for this test alone."""
    with Redis.from_url(valkey_url) as client:
        client.flushall()
    return valkey_url


@pytest.fixture
def redis(redis_url: str) -> Iterator[Redis]:
    with Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture
def settings(database_url: str, redis_url: str, tmp_path: Path) -> Settings:
    """Settings of this test's own servers; `model_copy(update=…)` for others."""
    return read_settings({"DATABASE_URL": database_url, "REDIS_URL": redis_url, "EVERAFTER_HOME": str(tmp_path)})


def _database(postgres_url: str, name: str) -> str:
    return make_url(postgres_url).set(database=name).render_as_string(hide_password=False)


def _run(postgres_url: str, statement: str) -> None:
    with psycopg.connect(_plain(postgres_url), autocommit=True) as connection:
        connection.execute(statement.encode())


def _plain(url: str) -> str:
    """An address as psycopg reads it, without SQLAlchemy's word for the driver."""
    return url.replace("+psycopg", "")
