"""The examples of the language: real sequences, in which nothing is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.domain.sequence.library import read_library

FOLDER = Path(__file__).parent / "examples"


@pytest.fixture(scope="module")
def examples() -> dict[str, bytes]:
    found = (file for file in FOLDER.rglob("*") if file.is_file())
    return {f"sequences/{file.relative_to(FOLDER).as_posix()}": file.read_bytes() for file in found}


def test_nothing_is_wrong_with_the_examples(examples: dict[str, bytes]) -> None:
    library, problems = read_library(examples, built_only=False)
    assert problems == []
    assert library is not None
    assert len(library.sequences) == len(list(FOLDER.glob("*.md"))) - len(list(FOLDER.glob("*.??.md")))


def test_only_what_is_not_built_yet_is_refused_in_them(examples: dict[str, bytes]) -> None:
    problems = read_library(examples)[1]
    assert {problem.code for problem in problems} <= {"not-built"}
