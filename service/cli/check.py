"""`everafter check`: look sequences and templates over, and say what is wrong, where, and how to mend it."""

from __future__ import annotations

import gc
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

import click

from service.cli.folder import find_files, layered, read_files, seen_from_here
from service.domain.sequence.library import BUSINESS, SEQUENCES
from service.domain.sequence.model.problem import Problem, Severity
from service.rendering.proof import look_over
from service.settings import Settings, read_settings

WRITTEN = (".md", ".yaml", ".mjml")  # what is counted; pictures and magnets are only looked for
EPILOG = """\b
Example: everafter check
         everafter check sequences/salon-checklist.md
         everafter check --json"""


@dataclass(frozen=True, slots=True)
class Books:
    """One library to be looked over: its files, and the name under which each of those asked about was asked for."""

    found: Mapping[str, Path]
    named: Mapping[str, str]


@click.command(help=__doc__, epilog=EPILOG)
@click.argument("paths", nargs=-1, type=click.Path(exists=True, path_type=Path), metavar="[PATH]...")
@click.option("--json", "as_json", is_flag=True, help="Print a list that programs can read.")
@click.pass_context
def check(context: click.Context, paths: tuple[Path, ...], as_json: bool) -> None:
    settings = read_settings()
    books = list(_asked_about(paths, settings)) if paths else [_configured(settings)]
    with _uncollected():
        problems = sorted({problem for each in books for problem in _problems(each)}, key=_order)
    if as_json:
        click.echo(json.dumps([_plain(problem) for problem in problems], ensure_ascii=False, indent=2))
    else:
        for problem in problems:
            click.echo(str(problem))
        files = {name for each in books for name in each.named.values() if name.endswith(WRITTEN)}
        click.echo(_closing(len(files), problems))
    context.exit(1 if any(problem.severity is Severity.ERROR for problem in problems) else 0)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Trees by the thousand, all needed to the end: looking for garbage among them takes a tenth of the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _configured(settings: Settings) -> Books:
    found = find_files(settings.sequences, settings.templates)
    return Books(found, {path: seen_from_here(file) for path, file in found.items()})


def _asked_about(paths: Iterable[Path], settings: Settings) -> Iterator[Books]:
    """The libraries that the paths belong to; paths of one library are looked over together."""
    roots = [(_root(path, settings), path) for path in paths]
    for root, group in groupby(sorted(roots, key=lambda each: str(each[0] or "")), key=lambda each: each[0]):
        layers = settings.sequences if root is None else (root,)
        found = find_files(layers, settings.templates)
        named: dict[str, str] = {}
        for _, path in group:
            found = _with(found, path)
            named |= _names(found, path)
        yield Books(found, named)


def _root(path: Path, settings: Settings) -> Path | None:
    """The nearest folder above with a business.yaml of its own; None where the configured one is asked."""
    configured = {folder.resolve() for folder in (*settings.sequences, settings.templates)}
    folder = path if path.is_dir() else path.parent
    for each in (folder, *folder.absolute().parents):
        if each.resolve() in configured:
            return None
        if (each / "business.yaml").is_file():
            return each
    return None


def _with(found: dict[str, Path], path: Path) -> dict[str, Path]:
    """The library with a path that lies elsewhere laid over it; a lone file brings what lies beside it, no letters."""
    if _names(found, path):
        return found
    folder = path if path.is_dir() else path.parent
    layer = find_files([folder], folder / "no templates")
    if not path.is_dir():
        layer = {key: file for key, file in layer.items() if not key.endswith(".md")}
        layer[SEQUENCES + path.name] = path
    return layered(found, layer)


def _names(found: Mapping[str, Path], path: Path) -> dict[str, str]:
    """The files of the library that a path asks about, each by the name it has when it is reached by that path."""
    asked = path.resolve()
    named = {}
    for key, file in found.items():
        real = file.resolve()
        if real == asked:
            named[key] = str(path)
        elif asked in real.parents:
            named[key] = str(path / real.relative_to(asked))
    return named


def _problems(books: Books) -> Iterator[Problem]:
    """The problems of the files asked about, and the business's, without which none of them can be relied on."""
    _, problems = look_over(read_files(books.found))
    for problem in problems:
        key = problem.place.path
        shown = books.named.get(key)
        if shown is None and key == BUSINESS and problem.severity is Severity.ERROR:
            shown = seen_from_here(books.found.get(key, Path(key)))
        if shown is not None:
            yield replace(problem, place=replace(problem.place, path=shown))


def _order(problem: Problem) -> tuple[str, int, int, str]:
    return problem.place.path, problem.place.line, problem.place.column, problem.code


def _plain(problem: Problem) -> dict[str, str | int]:
    return {
        "path": problem.place.path,
        "line": problem.place.line,
        "column": problem.place.column,
        "severity": problem.severity.value,
        "code": problem.code,
        "message": problem.message,
        "hint": problem.hint,
    }


def _closing(files: int, problems: list[Problem]) -> str:
    errors = sum(problem.severity is Severity.ERROR for problem in problems)
    counts = [(errors, "error"), (len(problems) - errors, "warning")]
    told = [_counted(count, what) for count, what in counts if count]
    return f"{_counted(files, 'file')}, {' and '.join(told) or 'no problems'}"


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
