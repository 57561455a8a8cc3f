"""Tokens: what they carry, and everything they refuse."""

from __future__ import annotations

import base64
import hashlib
import hmac
import string
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.token import MAX_TOKEN, Purpose, Signer

OLD = "an old key, forty characters long, kept."
NEW = "a newer key, forty characters long, too."
PURPOSES = get_args(Purpose)
ALPHABET = string.ascii_letters + string.digits + "-_"


@pytest.mark.parametrize("purpose", PURPOSES)
@pytest.mark.parametrize("value", ["1", "12.345", "9223372036854775807.9223372036854775807", "7.the-checklist"])
def test_a_token_reads_back_as_what_was_signed(purpose: Purpose, value: str) -> None:
    signer = Signer([NEW])
    assert signer.read(purpose, signer.sign(purpose, value)) == value


def test_a_token_is_ascii_that_needs_no_quoting_in_a_url() -> None:
    token = Signer([NEW]).sign("magnet", "12.the-checklist")
    assert set(token) <= set(ALPHABET + ".")
    assert token == token.strip(".")


@pytest.mark.parametrize("made_for", PURPOSES)
@pytest.mark.parametrize("read_as", PURPOSES)
def test_a_token_of_another_purpose_is_refused(made_for: Purpose, read_as: Purpose) -> None:
    signer = Signer([NEW])
    assert (signer.read(read_as, signer.sign(made_for, "12.3")) == "12.3") is (made_for == read_as)


def test_every_single_altered_character_is_refused() -> None:
    signer = Signer([NEW])
    token = signer.sign("click", "12.3")
    altered = [
        token[:place] + other + token[place + 1 :]
        for place in range(len(token))
        for other in ALPHABET + "."
        if other != token[place]
    ]
    assert len(altered) > 3_000
    assert [each for each in altered if signer.read("click", each) is not None] == []


def test_the_other_spellings_of_the_last_character_are_refused() -> None:
    """A signature has 256 bits and 43 characters 258: three more spellings decode to the same bytes."""
    signer = Signer([NEW])
    token = signer.sign("open", "12")
    wanted = base64.urlsafe_b64decode(token.rpartition(".")[2] + "=")
    spellings = [token[:-1] + each for each in ALPHABET]
    alike = [each for each in spellings if base64.urlsafe_b64decode(each.rpartition(".")[2] + "=") == wanted]
    assert len(alike) == 4
    assert [each for each in alike if signer.read("open", each) == "12"] == [token]


@pytest.mark.parametrize(
    "token", ["", ".", "12", "12.", ".abc", "12.ä", "12.abc=", " ", "12.\x00", "12." + "a" * 43, "1" * (MAX_TOKEN + 1)]
)
def test_nonsense_is_refused_without_an_error(token: str) -> None:
    assert Signer([NEW]).read("open", token) is None


@given(st.text(max_size=80))
def test_no_text_at_all_raises(token: str) -> None:
    assert Signer([NEW]).read("manage", token) is None


def test_surroundings_are_refused() -> None:
    signer = Signer([NEW])
    token = signer.sign("manage", "1.2")
    for other in (f" {token}", f"{token} ", f"{token}\n", f"{token}=", token.upper(), f"{token}.gif"):
        assert signer.read("manage", other) is None


def test_an_old_token_works_after_its_key_was_followed_by_a_new_one() -> None:
    token = Signer([OLD]).sign("manage", "7.12")
    rotated = Signer([NEW, OLD])
    assert rotated.read("manage", token) == "7.12"
    assert Signer([NEW]).read("manage", token) is None


def test_the_newest_key_signs() -> None:
    token = Signer([NEW, OLD]).sign("manage", "7.12")
    assert token == Signer([NEW]).sign("manage", "7.12")
    assert Signer([OLD]).read("manage", token) is None


def test_signatures_are_hmac_sha_256_under_a_key_derived_for_the_purpose() -> None:
    """Written out by hand, so that an upgrade of itsdangerous can't quietly change tokens that people hold."""
    key = hmac.digest(NEW.encode(), b"everafter.manage", hashlib.sha256)
    signature = base64.urlsafe_b64encode(hmac.digest(key, b"7.12", hashlib.sha256)).rstrip(b"=").decode()
    assert Signer([NEW]).sign("manage", "7.12") == f"7.12.{signature}"


def test_no_key_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one key"):
        Signer([])
