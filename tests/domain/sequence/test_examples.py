"""The examples of the language: real sequences, in which nothing is wrong until somebody's hand slips."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from service.domain.sequence.library import read_library
from service.domain.sequence.model.problem import Severity

FOLDER = Path(__file__).parent / "examples"
FILES = [file for file in FOLDER.rglob("*") if file.is_file()]
EXAMPLES = {f"sequences/{file.relative_to(FOLDER).as_posix()}": file.read_bytes() for file in FILES}
SIGNS = [*"""#:"'”-=[]()*&!|<>0é{} \t\n""", "{{", "}}", "{% if ", "%}", "<!--", "-->", "---", "==", "](", "##", "<b>"]
SIGNS += ["contact.", "answer:", " or ", "\ue000", "\n\n", "\u00a0"]

Draw = Callable[[Any], Any]


def lose(text: str, draw: Draw) -> str:
    start: int = draw(st.integers(0, len(text)))
    end: int = start + draw(st.integers(1, 40))
    return text[:start] + text[end:]


def put_in(text: str, draw: Draw) -> str:
    at: int = draw(st.integers(0, len(text)))
    sign: str = draw(st.sampled_from(SIGNS))
    return text[:at] + sign + text[at:]


def lose_line(text: str, draw: Draw) -> str:
    lines = text.split("\n")
    del lines[draw(st.integers(0, len(lines) - 1))]
    return "\n".join(lines)


def double_line(text: str, draw: Draw) -> str:
    lines = text.split("\n")
    at = draw(st.integers(0, len(lines) - 1))
    lines.insert(draw(st.integers(0, len(lines))), lines[at])
    return "\n".join(lines)


def swap_word(text: str, draw: Draw) -> str:
    words = text.split(" ")
    one, other = draw(st.integers(0, len(words) - 1)), draw(st.integers(0, len(words) - 1))
    words[one], words[other] = words[other], words[one]
    return " ".join(words)


HANDS = [lose, put_in, lose_line, double_line, swap_word]


def test_nothing_is_wrong_with_the_examples() -> None:
    library, problems = read_library(EXAMPLES)
    assert problems == []
    assert library is not None
    assert len(library.sequences) == len(list(FOLDER.glob("*.md"))) - len(list(FOLDER.glob("*.??.md")))


def test_a_translated_example_has_all_its_mails_in_german() -> None:
    library, _ = read_library(EXAMPLES)
    assert library is not None
    checklist = library.sequence("salon-checklist")
    assert checklist is not None
    assert checklist.titles == (("de", "Die Fünf-Minuten-Checkliste"),)
    assert [step.key for step in checklist.steps if not step.translations] == ["a-friendly-call"]


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_whatever_is_done_to_an_example_it_answers_with_problems(data: st.DataObject) -> None:
    """Lines are lost, doubled and moved, words fall out, strange signs come in, as under people's hands."""
    files = dict(EXAMPLES)
    path = data.draw(st.sampled_from(sorted(each for each in files if each.endswith((".md", ".yaml")))))
    text = files[path].decode()
    for _ in range(data.draw(st.integers(1, 4))):
        text = data.draw(st.sampled_from(HANDS))(text, data.draw)
    files[path] = text.encode("utf-8", "replace")
    library, problems = read_library(files)
    assert (library is None) == any(each.severity is Severity.ERROR for each in problems)
    for each in problems:
        lines = files.get(each.place.path, b"").decode().split("\n")
        assert each.message
        assert 1 <= each.place.line <= len(lines)
        assert 1 <= each.place.column <= len(lines[each.place.line - 1]) + 1
