"""Reads what a business has written: folders of sequences, layered, and the folder of templates."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import click

from service.domain.sequence.library import MAX_FILE, SEQUENCES, UNREAD
from service.domain.sequence.manuscript import MAX_BYTES
from service.domain.sequence.model.problem import Problem

TEMPLATES = "email_templates/"
MAX_FILES = 2_000
WRITTEN = frozenset({".md", ".yaml"})


def read_folders(sequences: Sequence[Path], templates: Path) -> dict[str, bytes]:
    """The files that `read_library` reads and `publish` keeps: contents by path.

    Of several folders of sequences a later one's file replaces an earlier one's of the same name. Raises
    click.ClickException where a folder isn't there, a file can't be read, or there are too many.
    """
    return read_files(find_files(sequences, templates))


def find_files(sequences: Sequence[Path], templates: Path, most: int = MAX_FILES) -> dict[str, Path]:
    """Where each file of a library lies: `sequences/salon-checklist.md` -> its path on this machine.

    Raises click.ClickException where a folder isn't there, or holds more than `most` files.
    """
    found: dict[str, Path] = {}
    for folder in sequences:
        found = layered(found, _layer(folder, SEQUENCES, most))
    return found | (_layer(templates, TEMPLATES, most) if templates.is_dir() else {})


def layered(below: Mapping[str, Path], above: Mapping[str, Path]) -> dict[str, Path]:
    """One layer on another. Sequences are replaced by name alone: subfolders are for people's eyes."""
    names = {_name(path) for path in above if path.endswith(".md")}
    return {path: file for path, file in below.items() if _name(path) not in names} | dict(above)


def read_files(found: Mapping[str, Path]) -> dict[str, bytes]:
    """Their contents. Of a file that is too large just enough is read to see it."""
    return {path: _read(file) for path, file in found.items()}


def seen_from_here(file: Path) -> str:
    """A path as people here would write it."""
    here = Path.cwd()
    return str(file.relative_to(here) if file.is_relative_to(here) else file)


def where_found(problems: Iterable[Problem], found: Mapping[str, Path]) -> list[Problem]:
    """The problems, each at the path where its file lies on this machine, in whichever layer that is."""
    return [
        replace(each, place=replace(each.place, path=seen_from_here(found[each.place.path])))
        if each.place.path in found
        else each
        for each in problems
    ]


def _layer(folder: Path, prefix: str, most: int) -> dict[str, Path]:
    if not folder.is_dir():
        raise click.ClickException(f"There is no folder {folder}; look at EVERAFTER_SEQUENCES.")
    found: dict[str, Path] = {}
    for file in _walk(folder):
        if len(found) == most:
            message = f"{folder} holds more than {most} files; give the sequences a folder of their own."
            raise click.ClickException(message)
        found[prefix + file.relative_to(folder).as_posix()] = file
    return found


def _walk(folder: Path) -> Iterator[Path]:
    """Its files in a steady order, without README.md and what begins with a dot."""
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            file = Path(place, name)
            if not name.startswith(".") and name != UNREAD and file.is_file():
                yield file


def _read(file: Path) -> bytes:
    limit = MAX_BYTES if file.suffix in WRITTEN else MAX_FILE
    try:
        with file.open("rb") as opened:
            return opened.read(limit + 1)
    except OSError as error:
        raise click.ClickException(f"{file} can't be read: {error.strerror}.") from None


def _name(path: str) -> str:
    return path.rpartition("/")[2]
