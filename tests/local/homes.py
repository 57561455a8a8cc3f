"""Homes for tests: short, and in a place that every user may pass, as PostgreSQL doesn't run as root."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from service.local.home import Home


@contextmanager
def fresh_home(below: Path | str = "home") -> Iterator[Home]:
    with tempfile.TemporaryDirectory(prefix="everafter-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o711)
        home = Home(Path(folder, below))
        home.make()
        yield home


def lives(process: psutil.Process) -> bool:
    """Whether it runs; whoever is gone may wait a while for somebody to take note of it."""
    with suppress(psutil.NoSuchProcess):
        return process.status() != psutil.STATUS_ZOMBIE
    return False


def left_of(family: list[psutil.Process]) -> list[psutil.Process]:
    """Those that still run, a moment after all were ended: who was killed needs one to be gone."""
    return [each for each in psutil.wait_procs(family, timeout=1)[1] if lives(each)]


def plain(url: str) -> str:
    """A SQLAlchemy address as libpq reads it."""
    return url.replace("+psycopg", "")
