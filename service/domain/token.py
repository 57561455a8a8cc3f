"""The signed tokens in a mail's addresses: ids that nobody can alter, and no address of a person.

A token reads `VALUE.SIGNATURE`, the signature being HMAC-SHA-256 under a key of its own for each purpose, so a click
token can't unsubscribe anybody. Tokens never expire by themselves: an unsubscribe link must work for as long as
somebody keeps the mail, so keys are only ever added in front, and old ones stay.
"""

from __future__ import annotations

import hashlib
from binascii import b2a_base64
from collections.abc import Sequence
from hmac import compare_digest
from typing import Literal, get_args

import itsdangerous

Purpose = Literal[
    "open",
    "click",
    "manage",
    "magnet",
    "answer",
    "task",
    "join",
    "share",
    "my-data",
    "calendar",
    "bounce",
    "confirm",
    "address",
    "forget",
    "undo",
    "ref",
    "fill",
]

STAMP = 20  # hexadecimal digits: 80 bits, which nobody guesses by sending mail
IPAD, OPAD = 0x36, 0x5C  # RFC 2104, 2
URL_SAFE = bytes.maketrans(b"+/", b"-_")
MAX_TOKEN = 400  # characters; the longest that is ever made has about 170


class Signer:
    """Signs and reads tokens. `keys` are the secrets, newest first: the first one signs, all of them verify."""

    def __init__(self, keys: Sequence[str]) -> None:
        if not keys:
            raise ValueError("a Signer needs at least one key")
        self._signers = {purpose: [_Begun(key, purpose) for key in keys] for purpose in get_args(Purpose)}

    def sign(self, purpose: Purpose, value: str) -> str:
        """A token for `value`: ids in ASCII, parted by dots. It needs no quoting in a URL.

        open `"<delivery id>"`, click `"<delivery id>.<link id>"`, manage `"<contact id>.<delivery id>"` (delivery 0
        where there is none), magnet `"<delivery id>.<magnet key>"`, answer `"<delivery id>.<value>"`, task
        `"<task id>.<value>"` (in mail to staff; the value may be empty), join `"<contact id>.<delivery id>.<slug of
        the topic>"`, share `"<contact id>"`, my-data `"<contact id>.<unix seconds>"`, calendar `"<delivery id>"`,
        confirm, address and forget `"<enrolment id>"`, undo `"<consent id>"`, ref `"<referral code>"`, fill `"<unix
        seconds>"`.
        """
        return f"{value}.{self._signers[purpose][0].get_signature(value).decode('ascii')}"

    def read(self, purpose: Purpose, token: str) -> str | None:
        """The value of a token; None when it was altered, made for another purpose, or is spelled another way.

        Four spellings of a signature's last character decode to the same bytes (itsdangerous ignores the spare
        bits); only the one that `sign` writes is read, so that a token may stand for itself in logs and limits.
        """
        if len(token) > MAX_TOKEN or not token.isascii():
            return None
        value, _, signature = token.rpartition(".")
        given = signature.encode("ascii")
        # Compared as it is written, not as it decodes; that is also half the work of itsdangerous' `unsign`.
        known = any(compare_digest(signer.get_signature(value), given) for signer in self._signers[purpose])
        return value if known else None

    def stamp(self, purpose: Purpose, value: str) -> str:
        """A short signature in small letters and digits, for where little room is and case may be lost."""
        return _stamp(self._signers[purpose][0], value)

    def is_stamp(self, purpose: Purpose, value: str, given: str) -> bool:
        """Whether `given` is a stamp of the value, made with any of the keys."""
        shown = given.lower().encode("ascii", "replace")
        return any(compare_digest(_stamp(signer, value).encode(), shown) for signer in self._signers[purpose])


def _stamp(signer: itsdangerous.Signer, value: str) -> str:
    return hashlib.sha256(signer.get_signature(value)).hexdigest()[:STAMP]


class _Begun(itsdangerous.Signer):
    """Signs as its parent does, from an HMAC that has taken its purpose's key in already: both of its hashes go on from
    where the key ends (RFC 2104, 4).

    To derive the key and to take it in for each token takes longer than all the rest, and a mail has five of them.
    """

    def __init__(self, key: str, purpose: str) -> None:
        super().__init__(key, salt=f"everafter.{purpose}", key_derivation="hmac", digest_method=hashlib.sha256)
        block = self.derive_key().ljust(hashlib.sha256().block_size, b"\0")
        self._inner, self._outer = (hashlib.sha256(bytes(byte ^ pad for byte in block)) for pad in (IPAD, OPAD))

    def get_signature(self, value: str | bytes) -> bytes:
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(itsdangerous.want_bytes(value))
        outer.update(inner.digest())
        return b2a_base64(outer.digest(), newline=False).translate(URL_SAFE, b"=")
