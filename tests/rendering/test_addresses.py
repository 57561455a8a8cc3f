"""Where the links of one mail lead: each address encoded as if it were looked at as a whole."""

from __future__ import annotations

import quopri
from dataclasses import replace

import pytest

from service.rendering.addresses import Site
from service.rendering.compile import CompiledStep
from service.rendering.compiled import Compiled
from service.rendering.mime import is_plain, quoted_address, quoted_printable
from service.rendering.signed import Signed
from service.rendering.templates import Encoded
from tests.rendering.studio import BASE, SIGNER, html_of, letter, read, renderer, text_of, written

PLAIN = [
    BASE,
    "http://127.0.0.1:8000",
    "https://glow.example/" + "x" * 54,  # one line to the letter
    "https://glow.example/" + "x" * 55,
    "https://glow.example/" + "x" * 129,
    "https://glow.example/" + "x" * 400,
]
ODD = [
    "https://glow.example/a=3D",
    "https://glow.example/" + "=" * 120,
    "https://glow.example/a b",
    "https://glow.example/a ",
    "https://grüße.example",
    "ftp://glow.example",
    ".",
]
ELSEWHERE = "https://elsewhere.example/?a=b c"
BASES = pytest.mark.parametrize("base", PLAIN + ODD, ids=lambda base: f"{len(base)} {base[:26]}")


def step() -> CompiledStep:
    """One whose links lead here and elsewhere, tracked and not, and whose answers are odd words."""
    files = written("Hello.\n")
    compiled = Compiled(read(files), files, {}).step("letters", "hello", "en")
    links = ("https://glow.example/book", "/forms/favourites", "/forms/a=b ü", ELSEWHERE)
    return replace(compiled, links=links, signed=(Signed("magnet", "checklist"), Signed("answer", "a=b")))


def expected(manage: str) -> dict[str, str]:
    """The path of each address on our site."""
    return {
        "_base": "",
        "_open": f"/open/{SIGNER.sign('open', '12')}.gif",
        "_unsubscribe": f"/unsubscribe/{manage}",
        "_preferences": f"/preferences/{manage}",
        "_signed0": f"/magnets/{SIGNER.sign('magnet', '12.checklist')}",
        "_signed1": f"/answer/{SIGNER.sign('answer', '12.a=b')}",
        "_link0": f"/click/{SIGNER.sign('click', '12.5')}",
        "_link1": f"/click/{SIGNER.sign('click', '12.6')}",
        "_link2": "/forms/a=b ü",
    }


@BASES
def test_each_address_is_encoded_as_the_whole_of_it_would_be(base: str) -> None:
    site = Site(SIGNER, base)
    manage = SIGNER.sign("manage", "7.12")
    found = site.addresses(letter(), step(), {"https://glow.example/book": 5, "/forms/favourites": 6}, manage)
    elsewhere = found.pop("_link3")
    assert found == {name: quoted_address(base + path) for name, path in expected(manage).items()}
    assert all(type(each) is Encoded for each in found.values())
    assert elsewhere == ELSEWHERE
    assert type(elsewhere) is str  # nobody looked at it yet: it is escaped and encoded where it is printed


@BASES
def test_each_address_comes_back_and_ends_at_the_start_of_a_line(base: str) -> None:
    manage = SIGNER.sign("manage", "7.12")
    found = Site(SIGNER, base).addresses(letter(), step(), {}, manage)
    for name in ("_base", "_open", "_unsubscribe", "_preferences", "_signed0", "_signed1", "_link1", "_link2"):
        encoded = str(found[name])
        path = expected(manage)[name] if name != "_link1" else "/forms/favourites"
        assert quopri.decodestring(encoded.encode("ascii")).decode() == base + path
        assert encoded.endswith("=\r\n")
        *lines, last = encoded.split("\r\n")
        assert all(1 < len(line) <= 76 for line in lines)
        assert last == ""


@pytest.mark.parametrize("base", ODD)
def test_a_base_that_is_not_plain_is_encoded_in_every_address(base: str) -> None:
    found = Site(SIGNER, base).addresses(letter(), step(), {}, "manage")
    assert not is_plain(base)
    assert found["_unsubscribe"] == quoted_printable(f"{base}/unsubscribe/manage")
    assert found["_base"] == quoted_printable(base)


@BASES
def test_the_address_of_the_header_is_not_encoded_and_its_token_is_the_persons(base: str) -> None:
    site = Site(SIGNER, base)
    manage = site.manage(letter(contact_id=31, delivery_id=4))
    assert SIGNER.read("manage", manage) == "31.4"
    assert site.unsubscribe(manage) == f"{base}/unsubscribe/{manage}"


@pytest.mark.parametrize("base", [BASE, "https://glow.example/a=3D", "https://glow.example/" + "x" * 129])
def test_a_finished_mail_says_them_as_they_are(base: str) -> None:
    manage = SIGNER.sign("manage", "7.12")
    message = renderer(written(), base).render(letter())
    for part in (html_of(message), text_of(message)):
        assert f"{base}/unsubscribe/{manage}" in part
        assert f"{base}/preferences/{manage}" in part
    assert f"List-Unsubscribe: <{base}/unsubscribe/{manage}>\r\n".encode() in message.raw
