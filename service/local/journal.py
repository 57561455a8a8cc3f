"""The output of one process, as whole lines: to a bounded file, and on to whoever watches."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable
from logging.handlers import RotatingFileHandler
from pathlib import Path

FILE_BYTES = 5_000_000  # then the file becomes NAME.log.1, and the older one goes
LINE_BYTES = 64_000

Show = Callable[[str, str], None]  # (name, line)


class Journal:
    def __init__(self, name: str, path: Path, show: Show) -> None:
        self._name = name
        self._show = show
        self._rest = b""
        self._log = logging.Logger(f"everafter.{name}")
        self._file = RotatingFileHandler(path, maxBytes=FILE_BYTES, backupCount=1, encoding="utf-8", delay=True)
        self._log.addHandler(self._file)

    def take(self, chunk: bytes) -> None:
        """Bytes as they come; a line is passed on when it is whole, or longer than LINE_BYTES."""
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        if len(self._rest) > LINE_BYTES:
            lines, self._rest = [*lines, self._rest], b""
        if lines:
            self.write(*[line.decode(errors="replace").rstrip("\r") for line in lines])

    def write(self, *lines: str) -> None:
        """To the file all at once: whoever is busy writes many, and each would be a record of its own."""
        self._log.info("%s", "\n".join(lines))
        for line in lines:
            self._show(self._name, line)

    def close(self) -> None:
        if self._rest:
            self.take(b"\n")
        with contextlib.suppress(OSError):
            self._file.close()
