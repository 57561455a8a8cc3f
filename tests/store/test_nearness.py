"""A server's process runs where the process that asks it was bound to, and elsewhere is left alone."""

from __future__ import annotations

import os
from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url

from service.store.engine import open_engine
from service.store.nearness import keep_near

pytestmark = pytest.mark.skipif(
    not hasattr(os, "sched_getaffinity") or len(os.sched_getaffinity(0)) < 2, reason="there is one core, or no saying"
)
PID = text("SELECT pg_backend_pid()")


@pytest.fixture
def bound() -> Iterator[set[int]]:
    """The one core that this thread may run on."""
    before = os.sched_getaffinity(0)
    core = {max(before)}
    os.sched_setaffinity(0, core)
    yield core
    os.sched_setaffinity(0, before)


def cores_of_server(url: str) -> set[int]:
    engine = open_engine(url)
    try:
        with engine.connect() as connection:
            return os.sched_getaffinity(connection.scalar(PID))
    finally:
        engine.dispose()


def test_it_is_put_where_we_are_bound_to(database_url: str, bound: set[int]) -> None:
    assert cores_of_server(database_url) == bound


def test_it_is_left_alone_where_we_may_run_anywhere(database_url: str) -> None:
    assert cores_of_server(database_url) == os.sched_getaffinity(0)


class Elsewhere(psycopg.Connection[object]):
    """A connection whose server gives a number that is a process here, and none of its own: it runs in a container."""

    @property
    def info(self) -> object:
        return type("Info", (), {"backend_pid": os.getppid()})()


def test_a_process_that_is_not_the_servers_stays_where_it_is(database_url: str, bound: set[int]) -> None:
    before = os.sched_getaffinity(os.getppid())
    line = make_url(database_url).set(drivername="postgresql").render_as_string(hide_password=False)
    with Elsewhere.connect(line) as connection:
        keep_near(connection)
    assert os.sched_getaffinity(os.getppid()) == before
