"""Cutting braces and comments out, and finding every character again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.sequence.findings import Findings
from service.domain.sequence.lexer import cut
from service.domain.sequence.model.place import Place
from service.domain.sequence.model.words import PLACEHOLDER, placeholder


def pieces(text: str) -> list[str]:
    findings = Findings()
    manuscript = cut("a.md", text, findings)
    assert findings.problems == []
    return [piece.source for piece in manuscript.pieces]


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ('{{ contact.first_name or "friend" }}', 'contact.first_name or "friend"'),
        ("{{contact.email}}", "contact.email"),
        ('{{ "}}" }}', '"}}"'),
        ("{{ '}}' }}", "'}}'"),
        ("{{ “}}” }}", "“}}”"),
        ("{{ „}}“ }}", "„}}“"),
        ('{{ "Ana’s }} friend" }}', '"Ana’s }} friend"'),
        ('{{ contact.first_name or\n   "friend" }}', 'contact.first_name or\n   "friend"'),
        ("{%- if contact.phone -%}", "if contact.phone"),
        ('{{ "<!-- no comment -->" }}', '"<!-- no comment -->"'),
    ],
)
def test_braces_are_cut_at_the_ones_that_close_them(text: str, source: str) -> None:
    assert pieces(text) == [source]


def test_a_comment_may_speak_of_braces() -> None:
    assert pieces("<!-- write {{ first_name }} and {% if %} here -->") == []


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("one <!-- two --> three", "one  three"),
        ("one\n<!-- two -->\nthree", "one\nthree"),
        ("one\n  <!-- two\ntwo and a half -->  \nthree", "one\nthree"),
        ("one  <!-- two -->\nthree", "one\nthree"),
        ("<!-- one --><!-- two -->three", "three"),
    ],
)
def test_a_comment_leaves_no_trace(text: str, kept: str) -> None:
    assert cut("a.md", text, Findings()).text == kept


def test_what_was_cut_out_stands_where_it_was_written() -> None:
    manuscript = cut("a.md", "a {{ x }}\n<!-- b\nc -->\nd {{ y }} e", Findings())
    assert manuscript.text == f"a {placeholder(0)}\nd {placeholder(1)} e"
    assert [piece.place for piece in manuscript.pieces] == [Place("a.md", 1, 6), Place("a.md", 4, 6)]
    assert manuscript.place(manuscript.text.index("d")) == Place("a.md", 4, 1)
    assert manuscript.place(manuscript.text.index("e")) == Place("a.md", 4, 11)


words = st.sampled_from(
    ["{{", "}}", "{%", "%}", "<!--", "-->", "{#", '"', "'", "”", "a", " ", "\n", "\n\n", "x.y", "-"]
)


@given(st.lists(words, max_size=60).map("".join))
def test_every_character_that_is_kept_is_found_where_it_was_written(text: str) -> None:
    manuscript = cut("a.md", text, Findings())
    lines = text.split("\n")
    plain = PLACEHOLDER.sub(lambda found: "\0" * len(found[0]), manuscript.text)
    for offset, character in enumerate(plain):
        place = manuscript.place(offset)
        if character not in "\0\n":
            assert lines[place.line - 1][place.column - 1] == character
        assert 1 <= place.line <= len(lines)


@given(st.lists(words, max_size=60).map("".join))
def test_nothing_is_cut_that_no_placeholder_stands_for(text: str) -> None:
    manuscript = cut("a.md", text, Findings())
    numbers = [int(found[1]) for found in PLACEHOLDER.finditer(manuscript.text)]
    assert numbers == list(range(len(manuscript.pieces)))
