"""What an earlier run left behind: processes that carry the run's mark in their environment.

The mark is random, so no foreign process is ever taken for ours, whatever became of its pid. (The servers overwrite
their environment with their titles; `postgres` and `valkey` know theirs by pid file and command line.)
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import secrets
import sys
from collections.abc import Container

import psutil

from service.local.home import Home

MARK = "EVERAFTER_RUN"
PR_SET_CHILD_SUBREAPER = 36


def mark_run(home: Home) -> str:
    """A new mark for the processes of this run, kept in the home for the next."""
    mark = secrets.token_hex(16)
    path = home.run / "mark"
    path.touch(mode=0o600)
    path.write_text(mark)
    return mark


def end_leftovers(home: Home, patience: float = 5.0) -> int:
    """Kill what the last run left, and wait until it is gone. Returns how many there were."""
    with contextlib.suppress(FileNotFoundError):
        mark = (home.run / "mark").read_text()
        return _kill([process for process in psutil.process_iter() if _marked(process, mark)], patience)
    return 0


def adopt_orphans() -> None:
    """From now on inherit what our children leave behind, instead of process 1 (Linux only)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def end_adopted(known: Container[int], patience: float = 5.0) -> int:
    """Kill our own children beyond the `known` pids: what was adopted has nobody else to end it."""
    return _kill([process for process in psutil.Process().children() if process.pid not in known], patience)


def _kill(processes: list[psutil.Process], patience: float) -> int:
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(processes, timeout=patience)
    return len(processes)


def _marked(process: psutil.Process, mark: str) -> bool:
    if process.pid == os.getpid():
        return False
    with contextlib.suppress(psutil.Error, OSError):
        return process.environ().get(MARK) == mark
    return False
