"""Addresses as SMTP carries them."""

from __future__ import annotations

import pytest

from service.ports import Unrenderable
from service.rendering.address import Mailbox, carried, mailbox
from tests.rendering.studio import letter, opened, rendered


@pytest.mark.parametrize(
    "address",
    [
        "ana@example.org",
        "ana+tag@example.org",
        "o'neil@sub.example.org",
        "a@localhost",
        "ANA@Example.ORG",
        "a_b-c@x-y.de",
    ],
)
def test_a_plain_address_is_carried_as_it_is(address: str) -> None:
    assert carried(address) == address


@pytest.mark.parametrize(
    ("written", "on_the_wire"),
    [
        ("ana@münchen.de", "ana@xn--mnchen-3ya.de"),
        ("ana@faß.de", "ana@xn--fa-hia.de"),  # IDNA 2008: another domain than fass.de, which IDNA 2003 makes of it
        ("ana@例え.jp", "ana@xn--r8jz45g.jp"),
    ],
)
def test_a_domain_in_any_script_travels_in_a_labels(written: str, on_the_wire: str) -> None:
    assert carried(written) == on_the_wire
    message = rendered(to=letter({"email": written}))
    assert message.recipient == on_the_wire
    assert opened(message)["To"].addresses[0].addr_spec == on_the_wire


def test_a_local_part_outside_ascii_is_held_with_the_reason() -> None:
    with pytest.raises(Unrenderable, match="the address needs SMTPUTF8"):
        rendered(to=letter({"email": "jürgen@example.org"}))


@pytest.mark.parametrize(
    "address",
    [
        "",
        "ana",
        "ana@",
        "@example.org",
        "ana@example.org\r\nBcc: x@evil.example",
        "ana@example.org, x@evil.example",
        "ana b@example.org",
        "<ana@example.org>",
        "ana@example..org",
        "ana..b@example.org",
        "ana@-x.org",
        "ana@" + "x" * 64 + ".org",
        "a" * 65 + "@example.org",
        "ana@" + "x." * 130 + "org",
        "ana\x00@example.org",
    ],
)
def test_what_is_no_address_is_held_and_never_guessed_at(address: str) -> None:
    with pytest.raises(Unrenderable):
        carried(address)


@pytest.mark.parametrize(
    ("text", "box"),
    [
        ("Mia at Glow Studio <mia@glow.example>", Mailbox("Mia at Glow Studio", "mia@glow.example")),
        ('"Mia, of course" <mia@glow.example>', Mailbox("Mia, of course", "mia@glow.example")),
        ("mia@glow.example", Mailbox("", "mia@glow.example")),
        ("Mia <mia@müller.example>", Mailbox("Mia", "mia@xn--mller-kva.example")),
    ],
)
def test_a_sender_is_a_name_and_an_address(text: str, box: Mailbox) -> None:
    assert mailbox(text) == box
