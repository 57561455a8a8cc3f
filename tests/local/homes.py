"""Homes for tests: short, and in a place that every user may pass, as PostgreSQL doesn't run as root."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from service.local.home import Home


@contextmanager
def fresh_home(below: Path | str = "home") -> Iterator[Home]:
    with tempfile.TemporaryDirectory(prefix="everafter-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o711)
        home = Home(Path(folder, below))
        home.make()
        yield home


def plain(url: str) -> str:
    """A SQLAlchemy address as libpq reads it."""
    return url.replace("+psycopg", "")
