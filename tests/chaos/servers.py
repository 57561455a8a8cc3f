"""PostgreSQL and Valkey of an installation, as somebody sees them who may do everything there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from redis import Redis

from service.actions.lease import LEASE, RENEW
from service.local.running import read_running
from tests.end_to_end.installation import Installation

# Only these marks on the clock make anybody wait, and the database alone judges them: to move them is time going by.
# What somebody frozen has locked stays as it is, or we would wait for whom we hold.
LAPSE = """
    UPDATE delivery SET lease_until = clock_timestamp() WHERE id IN (
        SELECT id FROM delivery WHERE lease_until > clock_timestamp()
        AND lease_until < clock_timestamp() + make_interval(secs => %s) FOR UPDATE SKIP LOCKED
    )
"""
TRY_AGAIN = "UPDATE delivery SET retry_at = clock_timestamp() WHERE state = 'cleared' AND retry_at > clock_timestamp()"
ALIVE = LEASE - 1.5 * RENEW  # seconds: no living worker lets its lease get shorter


class Servers:
    """Both, by their addresses of the first start: those stay."""

    def __init__(self, everafter: Installation) -> None:
        running = read_running(everafter.home)
        assert running is not None
        self._database = running.environment["DATABASE_URL"].replace("+psycopg", "")
        self._redis = Redis.from_url(running.environment["REDIS_URL"], socket_timeout=5)

    def execute(self, statement: str, *values: object, database: str | None = None) -> int:
        """How many rows a statement touched. Raises psycopg.Error, also where PostgreSQL is away."""
        asked = {"dbname": database} if database else {}
        with psycopg.connect(self._database, autocommit=True, connect_timeout=5, **asked) as connection:
            return connection.execute(statement.encode(), values or None).rowcount

    def checkpoint(self) -> None:
        """So that a killed server has little to read again at its start."""
        self.execute("CHECKPOINT")

    def lapse_leases(self) -> int:
        """Every lease is over at once, as after a sleep of 45 s; how many there were."""
        return self.execute(LAPSE, 2 * LEASE)

    def let_time_pass(self) -> None:
        """Leases that nobody renews are over, and so is every pause that a mail service asked for."""
        self.execute(LAPSE, ALIVE)
        self.execute(TRY_AGAIN)
        for key in self._redis.scan_iter(match="pace:{*", count=1_000):
            self._redis.delete(key)

    @contextmanager
    def no_database(self) -> Iterator[None]:
        """While it lasts every connection is lost, and none is to be had."""
        self.execute("ALTER DATABASE everafter ALLOW_CONNECTIONS false", database="postgres")
        ends = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'everafter'"
        self.execute(ends, database="postgres")
        try:
            yield
        finally:
            self.execute("ALTER DATABASE everafter ALLOW_CONNECTIONS true", database="postgres")

    @contextmanager
    def no_valkey(self) -> Iterator[None]:
        """While it lasts every connection is lost, and none is to be had."""
        usual = self._redis.config_get("maxclients")["maxclients"]
        self._redis.config_set("maxclients", 1)
        self._redis.client_kill_filter(skipme=True, _type="normal")
        try:
            yield
        finally:
            self._redis.config_set("maxclients", usual)
