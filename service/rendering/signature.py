"""DKIM (RFC 6376): the sending domain signs each mail, the unsubscribe headers included (RFC 8058, section 3.1).

OpenSSL signs, and the canonical forms are a few lines: dkimpy, which takes twenty times as long, verifies in the tests.
"""

from __future__ import annotations

import hashlib
import re
import textwrap
from base64 import b64encode
from dataclasses import dataclass, field

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

SIGNED = (
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "Reply-To",
    "MIME-Version",
    "Content-Type",
    "List-Id",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "Feedback-ID",
    "Auto-Submitted",
)
# Signed once more than they occur, so that a second one, which some clients would show, breaks the signature.
OVERSIGNED = ("From", "To", "Subject", "Date", "MIME-Version", "Content-Type")


_BLANKS = re.compile(rb"[ \t]+")
_BLANK_ENDS = re.compile(rb"[ \t]+(?=\r\n)")
_FIELD = re.compile(rb"([^:\r\n]+):((?:[^\r]|\r\n[ \t])*)\r\n")
_LINE = 74  # characters of the signature in a line


@dataclass(frozen=True, slots=True)
class Dkim:
    """The domain (`d=`), the selector (`s=`) and the private RSA key in PEM, whose line ends may be written `\\n`.

    Raises ValueError at once where they can't sign, and not for the first mail.
    """

    domain: str
    selector: str
    key: str = field(repr=False)
    _private: RSAPrivateKey = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        try:
            private = load_pem_private_key(self.key.replace("\\n", "\n").encode("ascii"), password=None)
            f"{self.domain} {self.selector}".encode("ascii")
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise ValueError(f"DKIM_DOMAIN, DKIM_SELECTOR and DKIM_KEY can't sign a mail: {error}") from None
        if not isinstance(private, RSAPrivateKey):
            raise ValueError("DKIM_DOMAIN, DKIM_SELECTOR and DKIM_KEY can't sign a mail: the key is no RSA key")
        object.__setattr__(self, "_private", private)

    def published(self) -> tuple[str, int]:
        """What the DNS has to say of the key: `p=` of its record (RFC 6376 §3.6.1), and its length in bits."""
        public = self._private.public_key()
        written = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return b64encode(written).decode("ascii"), public.key_size

    def sign(self, raw: bytes) -> bytes:
        """The mail with its DKIM-Signature in front; rsa-sha256 (RFC 8301), relaxed/relaxed, no `l=`.

        A field that is there more than once must not be among those that are signed.
        """
        head, _, body = raw.partition(b"\r\n\r\n")
        fields = {name.lower(): value for name, value in _FIELD.findall(head + b"\r\n")}
        signed = [name for name in SIGNED if name.lower().encode("ascii") in fields]
        digest = b64encode(hashlib.sha256(_relaxed_body(body)).digest()).decode("ascii")
        named = "\r\n ".join(textwrap.wrap(": ".join((*signed, *OVERSIGNED)), _LINE, break_on_hyphens=False))
        tags = f" v=1; a=rsa-sha256; c=relaxed/relaxed; d={self.domain};\r\n s={self.selector};\r\n h={named};"
        value = f"{tags}\r\n bh={digest};\r\n b=".encode("ascii")
        lines = [_relaxed(name.lower().encode("ascii"), fields[name.lower().encode("ascii")]) for name in signed]
        lines.append(_relaxed(b"dkim-signature", value))
        signature = b64encode(self._private.sign(b"\r\n".join(lines), PKCS1v15(), SHA256()))
        folded = b"\r\n ".join(signature[at : at + _LINE] for at in range(0, len(signature), _LINE))
        return b"DKIM-Signature:" + value + folded + b"\r\n" + raw


def _relaxed(name: bytes, value: bytes) -> bytes:
    """A field in its relaxed form (section 3.4.2): unfolded, every run of blanks one blank, none at its ends."""
    return name + b":" + _BLANKS.sub(b" ", value.replace(b"\r\n", b"")).strip(b" ")


def _relaxed_body(body: bytes) -> bytes:
    """The body in its relaxed form (section 3.4.4): runs of blanks are one, lines and the body end in none."""
    if b"  " in body or b"\t" in body:
        body = _BLANKS.sub(b" ", body)
    if b" \r\n" in body:
        body = _BLANK_ENDS.sub(b"", body)
    body = body.rstrip(b"\r\n")
    return body + b"\r\n" if body else b""
