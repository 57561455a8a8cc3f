"""Whether a port is free. One connects to see: with SO_REUSEPORT two servers would share it in silence."""

from __future__ import annotations

import contextlib
import socket

import psutil

from service.local.error import LocalError

_kept: list[socket.socket] = []  # bound, and listening to nobody: see `free_port`


def answers(host: str, port: int) -> bool:
    """Whether anything listens there."""
    try:
        with socket.create_connection((host, port), timeout=1):
            return True
    except OSError:
        return False


def refuse_port_in_use(host: str, port: int) -> None:
    """Raises LocalError that names who has it, where the machine tells."""
    if answers(host, port):
        raise LocalError(f"Port {port} is in use{_by_whom(port)}; choose another with --port.")


def free_port(host: str, preferred: int) -> int:
    """`preferred` where it is free, else any that is.

    It stays bound while this process lives: who asks the machine for any port isn't given it, and whoever is told it
    may listen there all the same, as all servers do with SO_REUSEADDR, as often as they are started.
    """
    keeper = socket.socket()
    keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        keeper.bind((host, preferred))
    except OSError:
        keeper.bind((host, 0))
    _kept.append(keeper)
    return int(keeper.getsockname()[1])


def _by_whom(port: int) -> str:
    with contextlib.suppress(psutil.Error):
        for connection in psutil.net_connections("tcp"):
            listens = connection.status == psutil.CONN_LISTEN and connection.laddr and connection.laddr[1] == port
            if listens and connection.pid:
                return f" by {psutil.Process(connection.pid).name()} (pid {connection.pid})"
    return ""
