"""A lock on a file that ends with the process that holds it, and says who that is."""

from __future__ import annotations

import contextlib
import fcntl
import os
from pathlib import Path
from typing import IO


class Lock:
    """Held by one process alone, or shared by several; the file itself stays and means nothing."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[str] | None = None

    def take(self, what: str) -> bool:
        """Hold it alone, as `what`; False at once where somebody holds it."""
        if not self._flock(fcntl.LOCK_EX):
            return False
        assert self._file is not None
        self._file.truncate(0)
        self._file.write(f"{os.getpid()} {what}\n")
        self._file.flush()
        return True

    def share(self) -> bool:
        """Hold it beside others; False at once where somebody holds it alone."""
        return self._flock(fcntl.LOCK_SH)

    def release(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    @property
    def holder(self) -> tuple[int, str]:
        """Pid and words of the last that held it alone; (0, "") before any did, or in the instant it begins to."""
        with contextlib.suppress(OSError, ValueError):
            pid, what = self._path.read_text().strip().split(" ", 1)
            return int(pid), what
        return 0, ""

    def _flock(self, how: int) -> bool:
        self.release()
        file = self._path.open("a+")
        try:
            fcntl.flock(file, how | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return False
        self._file = file
        return True
