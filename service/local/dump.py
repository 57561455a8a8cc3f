"""Out of the embedded PostgreSQL and back into one, by its own `pg_dump` and `pg_restore`."""

from __future__ import annotations

import os
import re
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import IO

from sqlalchemy import make_url

from service.local.error import LocalError
from service.local.postgres import find_tool

TABLE = re.compile(rb'(?:dumping contents of|processing data for) table "public\.([^"]+)"')
LAST_WORDS = 5  # lines
SIZES = """
SELECT relname::text, pg_table_size(oid) FROM pg_class
WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
"""

Show = Callable[[int, int], None]  # bytes done, bytes in all


def dump(url: str, take: Callable[[IO[bytes]], None], tables: Mapping[str, int], show: Show) -> None:
    """Let `take` read the database as pg_dump's custom format. Raises LocalError with pg_dump's words."""
    with _running("pg_dump", url, ("--format=custom", "--no-owner", "--verbose"), tables, show, to_us=True) as process:
        assert process.stdout is not None
        take(process.stdout)


def load(url: str, source: IO[bytes], tables: Mapping[str, int], show: Show) -> None:
    """Fill an empty database, whole or not at all. Raises LocalError with pg_restore's words."""
    options = ("--single-transaction", "--exit-on-error", "--no-owner", "--verbose")
    with _running("pg_restore", url, options, tables, show, to_us=False) as process:
        assert process.stdin is not None
        try:
            while chunk := source.read(1 << 20):
                process.stdin.write(chunk)
            process.stdin.close()
        except BrokenPipeError:
            # pg_restore ended early. What it could not restore, it took back whole, and its words are raised below.
            pass


@contextmanager
def _running(
    tool: str, url: str, options: tuple[str, ...], tables: Mapping[str, int], show: Show, *, to_us: bool
) -> Iterator[subprocess.Popen[bytes]]:
    address = make_url(url)
    where = (
        "--host",
        str(address.query["host"]),
        "--username",
        str(address.username),
        "--dbname",
        str(address.database),
    )
    process = subprocess.Popen(  # noqa: S603 (the wheel's own tools)
        (str(find_tool(tool)), *where, *options),
        env=_plain_environment() | {"PGPASSWORD": str(address.password)},
        stdin=None if to_us else subprocess.PIPE,
        stdout=subprocess.PIPE if to_us else subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    said: list[bytes] = []
    listener = threading.Thread(target=_listen, args=(process, said, tables, show), daemon=True)
    listener.start()
    try:
        yield process
        status = process.wait()
        listener.join()
    finally:
        process.kill()
        process.wait()
    if status != 0:
        words = b"\n".join(said[-LAST_WORDS:]).decode(errors="replace").strip()
        raise LocalError(f"PostgreSQL's {tool} failed:\n{words}")
    show(sum(tables.values()), sum(tables.values()))


def _listen(process: subprocess.Popen[bytes], said: list[bytes], tables: Mapping[str, int], show: Show) -> None:
    """Each table that is begun ends the one before."""
    assert process.stderr is not None
    whole, done, current = sum(tables.values()), 0, ""
    for line in process.stderr:
        said.append(line.rstrip())
        if found := TABLE.search(line):
            done += tables.get(current, 0)
            current = found[1].decode()
            show(done, whole)


def _plain_environment() -> dict[str, str]:
    """Ours, without what people set for a PostgreSQL of theirs."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")}
