"""The folder that holds everything a machine keeps: data, logs, mailbox, sockets."""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from pathlib import Path

from service.local.error import LocalError

# A socket's path has room for 107 bytes on Linux and 103 on macOS (sun_path, less its NUL).
SOCKET_BYTES = 103
LONGEST_SOCKET = "postgres/.s.PGSQL.5432"


class Home:
    """The places under one folder. `make()` before use; everything in it is closed to other users."""

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self.postgres = self.path / "postgres"
        self.valkey = self.path / "valkey"
        self.mailbox = self.path / "mailbox"
        self.log = self.path / "log"
        self.run = self.path / "run"
        self.sockets = self.run if _fits(self.run) else _short_folder(self.path)

    def make(self) -> None:
        """Make the folders. Raises LocalError where they can't be made, or aren't ours."""
        try:
            for folder in (self.path, self.postgres, self.valkey, self.log, self.run, self.sockets):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise LocalError(f"Can't use {self.path} as home: {error.strerror}. Choose another with --home.") from None
        if not os.access(self.path, os.R_OK | os.W_OK | os.X_OK):
            owner = self.path.stat().st_uid
            raise LocalError(f"{self.path} belongs to another user (uid {owner}). Run as that user, or choose --home.")
        if self.sockets != self.run:
            _refuse_foreign(self.sockets)


def _fits(folder: Path) -> bool:
    return len(os.fsencode(folder / LONGEST_SOCKET)) <= SOCKET_BYTES


def _short_folder(home: Path) -> Path:
    """A folder for the sockets of a home whose own path is too long: one for each home and user."""
    name = f"everafter-{os.geteuid()}-{hashlib.sha256(os.fsencode(home)).hexdigest()[:16]}"
    folder = Path(tempfile.gettempdir(), name)
    return folder if _fits(folder) else Path("/tmp", name)  # noqa: S108 (made 0700, its owner is checked)


def _refuse_foreign(folder: Path) -> None:
    """In a place where everybody may write, somebody else may have been there first."""
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid() or status.st_mode & 0o066:
        raise LocalError(f"{folder} was made by somebody else; look at it and remove it, or choose a shorter --home.")
