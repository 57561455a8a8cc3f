"""A connection that rested is asked whether it lives before it is used; one that was just used is not."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError

from service.store.engine import REST, open_engine

PID = text("SELECT pg_backend_pid()")


@pytest.fixture
def opened(database_url: str) -> Iterator[Engine]:
    opened = open_engine(database_url)
    yield opened
    opened.dispose()


def cut(server: Engine, pids: set[int]) -> None:
    with server.connect() as surviving:
        for pid in pids:
            surviving.execute(text("SELECT pg_terminate_backend(:pid, 60000)"), {"pid": pid})


def used(opened: Engine) -> set[int]:
    """The server's processes behind two connections that are used at the same time."""
    with opened.connect() as one, opened.connect() as other:
        return {one.scalar(PID), other.scalar(PID)}


def test_connections_that_died_while_they_rested_are_replaced(opened: Engine, engine: Engine) -> None:
    before = used(opened)
    cut(engine, before)
    time.sleep(REST)
    after = used(opened)
    assert len(after) == 2
    assert not after & before


def test_one_that_was_used_a_moment_ago_is_not_asked_and_replaced_when_it_fails(
    opened: Engine, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.store.engine.REST", 3_600.0)  # however long it takes to cut them
    before = used(opened)
    cut(engine, before)
    with pytest.raises(OperationalError):
        used(opened)
    assert not used(opened) & before
