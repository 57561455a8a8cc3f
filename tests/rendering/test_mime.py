"""Quoted-printable on the wire (checklist 11)."""

from __future__ import annotations

import quopri

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from service.rendering.mime import alternatives, quoted_address, quoted_printable

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n"), max_size=200)


@given(st.lists(TEXT, max_size=12))
@example(["." * 200])
@example(["From here on", "", ".", "..", "From ", " From"])
@example(["x" * 75 + ".", "x" * 74 + " From the end"])
@example(["ends with blanks   ", "and tabs\t", " "])
@example(["=" * 90, "ü" * 90, "é" + "x" * 72 + "."])
def test_any_text_comes_back_and_no_line_can_do_harm(lines: list[str]) -> None:
    encoded = quoted_printable("\r\n".join(lines))
    assert encoded.isascii()
    assert quopri.decodestring(encoded.encode()).decode() == "\r\n".join(lines)
    for line in encoded.split("\r\n"):
        assert len(line) <= 76
        assert "\n" not in line
        assert not line.endswith((" ", "\t"))
        assert not line.startswith((".", "From "))


@given(st.lists(TEXT, max_size=8))
def test_pieces_encoded_one_by_one_are_the_whole_again(pieces: list[str]) -> None:
    encoded = "".join(quoted_printable(piece) for piece in pieces if piece)
    assert quopri.decodestring(encoded.encode()).decode() == "".join(pieces)
    assert all(len(line) <= 76 for line in encoded.split("\r\n"))


@given(
    st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), max_size=300).map("https://glow.example/".__add__)
)
@example("http://127.0.0.1:8000/click/7.3.abc?a=b")
@example("https://glow.example/" + "x" * 54)
@example("https://glow.example/" + "x" * 129)
@example("mailto:mia@glow.example")
def test_an_address_comes_back_and_ends_at_the_start_of_a_line(address: str) -> None:
    encoded = quoted_address(address)
    assert quopri.decodestring(encoded.encode()).decode() == address
    assert encoded.endswith("=\r\n")
    assert all(len(line) <= 76 for line in encoded.split("\r\n"))


def test_the_text_part_comes_first_and_each_part_is_closed() -> None:
    body = alternatives("=_b", "hello\r\n", "<p>hello</p>\r\n")
    assert body.index("text/plain") < body.index("text/html")
    assert body.count("--=_b\r\n") == 2
    assert body.endswith("\r\n--=_b--\r\n")


@pytest.mark.parametrize("boundary", ["=_b"])
def test_a_boundary_can_never_stand_in_quoted_printable(boundary: str) -> None:
    """`=_` is no encoding of anything: an equals sign is followed by two digits, or ends its line."""
    assert boundary not in quoted_printable(f"--{boundary}--\r\n{boundary}")
