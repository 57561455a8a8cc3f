"""What counts as an address."""

from __future__ import annotations

import pytest

from service.domain.contact import BadAddress, address_hash, read_address


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ana",
        "ana@",
        "@example.org",
        "ana@example",
        "ana@@example.org",
        "a b@example.org",
        "ana@exa mple.org",
        "ana@example.org\r\nBcc: eve@example.org",
        "ana@example.org\x00",
        "x" * 400 + "@example.org",
        "ä@example.org",
    ],
)
def test_what_mail_can_not_reach_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(BadAddress) as refusal:
        read_address(text)
    assert str(refusal.value).startswith(("That doesn't look like an email address", "An address has at most"))


def test_the_same_person_is_found_again_however_the_address_is_spelt() -> None:
    assert read_address(" Ana.Lopez@Example.ORG ").key == "ana.lopez@example.org"
    assert read_address("ana@faß.example").key == "ana@xn--fa-hia.example"
    assert read_address("ana+list@example.org").key == "ana+list@example.org"


def test_the_hash_is_keyed() -> None:
    assert address_hash(b"one", "ana@example.org") != address_hash(b"two", "ana@example.org")
    assert len(address_hash(b"one", "ana@example.org")) == 32
