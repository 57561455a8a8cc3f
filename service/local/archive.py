"""One file that holds everything of a home that can't be made again: the database with its keys, and the mailbox.

A zip whose members are stored as they are (the dump is compressed already), and a manifest at its end with the SHA-256
of each. It is written under another name and takes its own only when it is whole and on the disk.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO
from zipfile import ZIP_STORED, BadZipFile, ZipFile

from service.local.error import LocalError

FORMAT = 1
MANIFEST = "manifest.json"
CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an archive says of itself. `tables` are bytes by name, which tell how long a restore will take."""

    made_at: str  # ISO 8601, UTC
    postgres: str  # the major version
    revision: str
    tables: Mapping[str, int] = field(default_factory=dict)
    members: Mapping[str, str] = field(default_factory=dict)  # SHA-256 by name
    format: int = FORMAT


class Writer:
    """An archive that is being written; `add` members one after the other."""

    def __init__(self, file: ZipFile) -> None:
        self._file = file
        self.members: dict[str, str] = {}

    def add(self, name: str, source: IO[bytes]) -> None:
        """Everything that `source` gives, to its end."""
        digest = hashlib.sha256()
        with self._file.open(name, "w", force_zip64=True) as member:
            while chunk := source.read(CHUNK):
                digest.update(chunk)
                member.write(chunk)
        self.members[name] = digest.hexdigest()

    def close(self, manifest: Manifest) -> None:
        whole = asdict(manifest) | {"members": self.members}
        self._file.writestr(MANIFEST, json.dumps(whole, indent=2))


@contextmanager
def writing(path: Path) -> Iterator[Writer]:
    """An archive at `path`, readable by us alone; nothing is there where the context ends by an error."""
    fresh = path.with_name(path.name + ".part")
    try:
        fresh.unlink(missing_ok=True)
        fresh.touch(mode=0o600)
        with fresh.open("r+b") as file:
            with ZipFile(file, "w", ZIP_STORED) as archive:
                yield Writer(archive)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
        _sync_folder(path.parent)
    finally:
        fresh.unlink(missing_ok=True)


class Reader:
    """An archive that is whole: every member was read once and is what the manifest says. Raises LocalError."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            with ZipFile(path) as archive:
                plain = json.loads(archive.read(MANIFEST))
                self.manifest = _read(plain, path)
                damaged = [name for name, digest in self.manifest.members.items() if _digest(archive, name) != digest]
        except (OSError, BadZipFile, KeyError, ValueError, TypeError) as error:
            raise LocalError(f"{path} is no whole backup: {error}. Take another one.") from None
        if damaged:
            raise LocalError(f"{path} is damaged: {', '.join(damaged)} differs from its checksum. Take another one.")

    @property
    def names(self) -> list[str]:
        return list(self.manifest.members)

    @contextmanager
    def opened(self, name: str) -> Iterator[IO[bytes]]:
        with ZipFile(self._path) as archive, archive.open(name) as member:
            yield member


def _read(plain: Mapping[str, object], path: Path) -> Manifest:
    if plain.get("format") != FORMAT:
        raise LocalError(f"{path} was written by another version of Everafter (format {plain.get('format')}).")
    return Manifest(**plain)  # type: ignore[arg-type]  # as `Writer.close` wrote it


def _digest(archive: ZipFile, name: str) -> str:
    digest = hashlib.sha256()
    with archive.open(name) as member:
        while chunk := member.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _sync_folder(folder: Path) -> None:
    """A new name in a folder is on the disk only when the folder is."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
