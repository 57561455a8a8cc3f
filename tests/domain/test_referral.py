"""Codes that are read out, typed and followed."""

from __future__ import annotations

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain import referral
from service.domain.referral import ALPHABET, BITS, given_name, read_code, spell


@given(st.integers(0, 2**BITS - 1))
def test_a_code_is_read_however_it_was_written(number: int) -> None:
    code = spell(number)
    assert len(code) == 8
    assert set(code) <= set(ALPHABET)
    assert int("".join(f"{ALPHABET.index(each):05b}" for each in code), 2) == number
    for written in (code, code.lower(), f" {code[:4]}-{code[4:]} ", code.replace("0", "o").replace("1", "l")):
        assert read_code(written) == code


@given(st.text(max_size=12))
def test_what_is_no_code_is_none(text: str) -> None:
    code = read_code(text)
    assert code is None or (len(code) == 8 and set(code) <= set(ALPHABET))


@pytest.mark.parametrize(
    "text", ["", "1234567", "123456789", "UUUUUUUU", "1234567é", "ＡＢＣＤＥＦＧＨ", "1234 678", "12345678\0"]
)
def test_near_misses_are_none(text: str) -> None:
    assert read_code(text) is None


@pytest.mark.parametrize("name", ["Ana", "Anne-Sophie", "D’Arcy", "O'Neill", "María José", "Øyvind", "美咲", " Ana "])
def test_names_are_shown_to_others(name: str) -> None:
    assert given_name(name) == name.strip()


@pytest.mark.parametrize(
    "name",
    [
        None,
        "",
        "  ",
        "evil.example",
        "https://evil.example",
        "Call 555 0123",
        "Ana <b>",
        "a@b.example",
        "Ana\nBcc",
        "x" * 41,
    ],
)
def test_messages_and_addresses_are_not(name: str | None) -> None:
    assert given_name(name) is None


def test_the_examples_in_the_documentation_hold() -> None:
    assert doctest.testmod(referral).attempted >= 3
    assert doctest.testmod(referral).failed == 0
