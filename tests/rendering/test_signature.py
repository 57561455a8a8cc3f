"""DKIM, verified by dkimpy itself over the exact bytes (checklist 3)."""

from __future__ import annotations

import base64
import re

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from service.rendering.signature import Dkim
from tests.rendering.studio import letter, renderer, written


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture(scope="module")
def pem(key: rsa.RSAPrivateKey) -> str:
    encoding, none = serialization.Encoding.PEM, serialization.NoEncryption()
    return key.private_bytes(encoding, serialization.PrivateFormat.TraditionalOpenSSL, none).decode()


@pytest.fixture(scope="module")
def signed(pem: str) -> bytes:
    files = written(
        "Grüße. [Book](link:booking)\n", subject="Ü {{ contact.first_name or 'du' }}", more="reply to: d@x.example\n"
    )
    return renderer(files, dkim=Dkim("glow.example", "s1", pem)).render(letter({"first_name": "Jürgen " * 8})).raw


def verifies(raw: bytes, key: rsa.RSAPrivateKey) -> bool:
    public = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    record = b"v=DKIM1; k=rsa; p=" + base64.b64encode(public)
    return bool(
        dkim.verify(raw, dnsfunc=lambda name, timeout=5: record if name == b"s1._domainkey.glow.example." else None)
    )


def tags(raw: bytes) -> dict[str, str]:
    field = re.search(rb"^DKIM-Signature: (.*?)\r\n(?! )", raw, re.DOTALL | re.MULTILINE)
    assert field
    pairs = (part.partition("=") for part in re.sub(r"\s+", "", field[1].decode()).split(";"))
    return {name: value for name, _, value in pairs if name}


def test_the_signature_verifies(signed: bytes, key: rsa.RSAPrivateKey) -> None:
    assert verifies(signed, key)


def test_it_is_rsa_sha256_relaxed_over_the_whole_body(signed: bytes) -> None:
    found = tags(signed)
    assert (found["a"], found["c"], found["d"], found["s"]) == ("rsa-sha256", "relaxed/relaxed", "glow.example", "s1")
    assert "l" not in found


def test_both_unsubscribe_fields_and_feedback_id_are_signed_and_from_is_oversigned(signed: bytes) -> None:
    names = tags(signed)["h"].lower().split(":")
    for name in ("list-unsubscribe", "list-unsubscribe-post", "feedback-id", "list-id", "reply-to", "message-id"):
        assert names.count(name) == 1, name
    for name in ("from", "to", "subject", "date"):
        assert names.count(name) == 2, name


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"\r\n\r\nGr=C3=BC=C3=9Fe", b"\r\n\r\nGr=C3=BC=C3=9Fx"),
        (b"List-Unsubscribe-Post: List-Unsubscribe=One-Click", b"List-Unsubscribe-Post: No"),
        (b"\r\nList-Unsubscribe: <https://mail.", b"\r\nList-Unsubscribe: <https://evil."),
        (b"\r\nMIME-Version: 1.0", b"\r\nMIME-Version: 1.0\r\nFrom: boss@evil.example"),
        (b"\r\nMIME-Version: 1.0", b"\r\nMIME-Version: 1.0\r\nSubject: another"),
    ],
)
def test_what_is_changed_on_the_way_breaks_it(
    signed: bytes, key: rsa.RSAPrivateKey, before: bytes, after: bytes
) -> None:
    assert signed.count(before) == 1
    assert not verifies(signed.replace(before, after), key)


def test_folding_anew_on_the_way_does_not_break_it(signed: bytes, key: rsa.RSAPrivateKey) -> None:
    refolded = signed.replace(b"List-Id: ", b"List-Id:   ").replace(b"\r\n <tips", b"\r\n\t <tips")
    assert refolded != signed
    assert verifies(refolded, key)


def test_a_key_on_one_line_works_as_environment_variables_have_it(pem: str, key: rsa.RSAPrivateKey) -> None:
    one_line = pem.replace("\n", "\\n")
    raw = renderer(written(), dkim=Dkim("glow.example", "s1", one_line)).render(letter()).raw
    assert verifies(raw, key)


@pytest.mark.parametrize(
    "nonsense", ["", "no key", "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n", "ü"]
)
def test_a_key_that_is_none_is_refused_before_the_first_mail(nonsense: str) -> None:
    with pytest.raises(ValueError, match="DKIM_KEY"):
        Dkim("glow.example", "s1", nonsense)


def test_the_key_never_shows(pem: str) -> None:
    assert "PRIVATE" not in repr(Dkim("glow.example", "s1", pem))
