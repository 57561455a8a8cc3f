"""Where a process may run on one core only, the server's process that answers it is put there too.

They take turns, so two cores are no use to them; but whoever is spoken to is woken wherever there seems to be room, and
then one core has both while another has nothing to do (docs/performance.md).
"""

from __future__ import annotations

import os
import socket
import struct
import sys
from contextlib import suppress
from pathlib import Path

import psycopg

PEER = struct.Struct("3i")  # process, user and group, as Linux tells them (unix(7), SO_PEERCRED)
PARENT = 1  # the place of a process's parent in /proc/PID/stat behind its name (proc_pid_stat(5))


def keep_near(connection: psycopg.Connection[object]) -> None:
    """Have a new connection's server process run where we do, if that is one core, and it is a process of this machine
    that we may move. Elsewhere nothing is done."""
    if sys.platform != "linux" or len(cores := os.sched_getaffinity(0)) > 1:
        return
    number = connection.info.backend_pid
    with suppress(OSError, ValueError, IndexError):
        if _listener(connection.fileno()) == _parent(number):
            os.sched_setaffinity(number, cores)


def _listener(number: int) -> int:
    """The process that listens at the other end of a unix socket. Raises OSError for a socket of another kind."""
    with socket.socket(fileno=os.dup(number)) as line:
        if line.family != socket.AF_UNIX:
            raise OSError("not of this machine")
        listener, _, _ = PEER.unpack(line.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, PEER.size))
    return int(listener)


def _parent(number: int) -> int:
    """The process that started another. Raises OSError where there is no such."""
    return int(Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[PARENT])
