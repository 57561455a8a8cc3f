"""The connections to PostgreSQL."""

from __future__ import annotations

import json
import time
from functools import partial
from typing import Any

import psycopg
from psycopg.types.json import set_json_loads
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.pool import ConnectionPoolEntry

from service.store.nearness import keep_near

POOL = 5  # connections that a process keeps; as many more it opens when all of them are at work
MOST_CONNECTIONS = 2 * POOL  # of one process
REST = 1.0  # seconds after which a connection is asked whether it still lives before it is used again
PLANNED = 3.0  # seconds for which a prepared statement keeps its plan: tables grow before anybody has counted them
READ = json.JSONDecoder().raw_decode
KEEPS = "keeps"  # under which a connection says that its server keeps statements for it


def open_engine(database_url: str, pool: int = POOL) -> Engine:
    """An engine for PostgreSQL with bounded waits. Nothing is prepared but what `service.store.bulk` asks for, and
    that only where nobody lends the connections."""
    engine = create_engine(
        database_url,
        pool_size=pool,
        max_overflow=pool,
        pool_use_lifo=True,  # the connection that knows our statements best is the one used a moment ago
        pool_timeout=5,
        hide_parameters=True,  # an error's text goes to the logs, and a parameter may be a person's name
        connect_args={
            "prepare_threshold": None,
            "connect_timeout": 3,
            # A server behind a cut line is given up after some 20 s, not after TCP's quarter of an hour.
            "keepalives_idle": 5,
            "keepalives_interval": 5,
            "keepalives_count": 3,
            "tcp_user_timeout": 20_000,
            "application_name": "everafter",
            "options": "-c statement_timeout=30000 -c lock_timeout=10000 -c idle_in_transaction_session_timeout=60000"
            # A page out of order costs as much as the next one, in memory and on disks that don't turn.
            " -c random_page_cost=1.1",
        },
    )
    event.listen(engine, "connect", _allow_preparing)
    event.listen(engine, "connect", lambda connection, _: keep_near(connection))
    event.listen(engine, "connect", lambda connection, _: set_json_loads(_loaded, connection))
    event.listen(engine, "checkin", _note_use)
    event.listen(engine, "checkout", partial(_ping, engine))
    return engine


def _loaded(document: str | bytes) -> Any:
    """A JSON document in UTF-8, as the driver asks for it: to look for its encoding takes longer than to read most of
    ours, and most of ours are empty."""
    if document == b"{}":
        return {}
    return READ((document if isinstance(document, str) else document.decode()).lstrip())[0]


def _note_use(_: object, record: ConnectionPoolEntry) -> None:
    record.info["used"] = time.monotonic()


def _ping(engine: Engine, connection: Any, record: ConnectionPoolEntry, _: object) -> None:
    """Ask whether it still lives, of a connection that rested; if not, it is replaced, and so are all in the pool.

    SQLAlchemy's own pre-ping asks before each use, which takes as long as a small statement.
    """
    now = time.monotonic()
    if now - record.info.get("used", float("-inf")) >= REST:
        try:
            engine.dialect.do_ping(connection)
        except psycopg.Error:
            raise InvalidatePoolError from None
    if record.info.get(KEEPS) and now - record.info.setdefault("planned", now) >= PLANNED:
        record.info["planned"] = now
        connection.pgconn.exec_(b"DISCARD PLANS")  # where it fails, so does the statement behind it, and says so


def _allow_preparing(connection: psycopg.Connection[Any], record: ConnectionPoolEntry) -> None:
    """Let statements be prepared where the process that answers is the one we were connected to; by us and not by
    psycopg, which after a rollback has the server forget all that it ever kept.

    A pooler that lends connections by the transaction makes up a process number of its own, and the next transaction
    may run where nothing was prepared (https://www.pgbouncer.org/features.html).
    """
    answer = connection.pgconn.exec_(b"SELECT pg_backend_pid()")
    if answer.get_value(0, 0) == str(connection.pgconn.backend_pid).encode():
        record.info[KEEPS] = True
