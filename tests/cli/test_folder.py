"""Which files of the folders are read, and how much of them."""

from __future__ import annotations

import os
from pathlib import Path

import click
import pytest

from service.cli.folder import find_files, read_folders, where_found
from service.domain.sequence.library import MAX_FILE
from service.domain.sequence.manuscript import MAX_BYTES
from service.domain.sequence.model.place import Place
from service.domain.sequence.model.problem import Problem, Severity


@pytest.fixture
def sequences(tmp_path: Path) -> Path:
    place = tmp_path / "sequences"
    place.mkdir()
    return place


def write(path: Path, content: bytes = b"x") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def test_files_are_named_by_where_they_lie_in_the_library(sequences: Path, tmp_path: Path) -> None:
    write(sequences / "business.yaml", b"a")
    write(sequences / "deep" / "hello.md", b"b")
    write(tmp_path / "templates" / "layouts" / "letter.mjml", b"c")
    assert read_folders([sequences], tmp_path / "templates") == {
        "sequences/business.yaml": b"a",
        "sequences/deep/hello.md": b"b",
        "email_templates/layouts/letter.mjml": b"c",
    }


def test_what_is_for_people_or_for_programs_stays_out(sequences: Path, tmp_path: Path) -> None:
    for name in (".hidden.md", "README.md", ".git/config", "deep/README.md", "deep/.DS_Store"):
        write(sequences / name)
    os.mkfifo(sequences / "pipe.md")
    (sequences / "dangling.md").symlink_to(sequences / "nowhere.md")
    assert read_folders([sequences], tmp_path / "templates") == {}


def test_a_later_layer_replaces_sequences_by_name_and_other_files_by_path(sequences: Path, tmp_path: Path) -> None:
    studio = tmp_path / "studio"
    for name in ("business.yaml", "deep/hello.md", "deep/images/a.png", "bye.md"):
        write(sequences / name, b"library")
    for name in ("business.yaml", "hello.md", "images/a.png"):
        write(studio / name, b"studio")
    assert read_folders([sequences, studio], tmp_path / "templates") == {
        "sequences/business.yaml": b"studio",
        "sequences/hello.md": b"studio",
        "sequences/images/a.png": b"studio",
        "sequences/deep/images/a.png": b"library",
        "sequences/bye.md": b"library",
    }


def test_a_problem_is_named_by_the_layer_its_file_lies_in(
    sequences: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio = tmp_path / "studio"
    write(sequences / "hello.md")
    write(sequences / "bye.md")
    write(studio / "deep" / "hello.md")
    monkeypatch.chdir(tmp_path)
    found = find_files([sequences, studio], tmp_path / "templates")
    problems = [
        Problem(Place(path, 3, 4), Severity.ERROR, "x", "Wrong.")
        for path in ("sequences/deep/hello.md", "sequences/bye.md", "sequences/business.yaml")
    ]
    assert [str(each.place) for each in where_found(problems, found)] == [
        "studio/deep/hello.md:3:4",
        "sequences/bye.md:3:4",
        "sequences/business.yaml:3:4",
    ]


def test_of_a_file_that_is_too_large_only_enough_is_read_to_see_it(sequences: Path, tmp_path: Path) -> None:
    write(sequences / "hello.md", b"x" * (MAX_BYTES * 2))
    write(sequences / "film.gif", b"x" * (MAX_FILE + 1000))
    sizes = {path: len(content) for path, content in read_folders([sequences], tmp_path / "templates").items()}
    assert sizes == {"sequences/hello.md": MAX_BYTES + 1, "sequences/film.gif": MAX_FILE + 1}


def test_a_folder_of_everything_is_refused(sequences: Path, tmp_path: Path) -> None:
    for name in ("a.md", "b.md", "c.md"):
        write(sequences / name)
    assert len(find_files([sequences], tmp_path / "templates", most=3)) == 3
    with pytest.raises(click.ClickException, match="more than 2 files"):
        find_files([sequences], tmp_path / "templates", most=2)
