"""The signed tokens in a mail's addresses: ids that nobody can alter, and no address of a person.

A token reads `VALUE.SIGNATURE`, the signature being HMAC-SHA-256 under a key of its own for each purpose, so a click
token can't unsubscribe anybody. Tokens carry no time and never expire: an unsubscribe link must work for as long as
somebody keeps the mail, so keys are only ever added in front, and old ones stay.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Literal, get_args

import itsdangerous
from itsdangerous.encoding import base64_decode, base64_encode

Purpose = Literal["open", "click", "manage", "magnet"]

MAX_TOKEN = 400  # characters; the longest that is ever made has about 110


class Signer:
    """Signs and reads tokens. `keys` are the secrets, newest first: the first one signs, all of them verify."""

    def __init__(self, keys: Sequence[str]) -> None:
        if not keys:
            raise ValueError("a Signer needs at least one key")
        self._signers = {purpose: _signer(keys, purpose) for purpose in get_args(Purpose)}

    def sign(self, purpose: Purpose, value: str) -> str:
        """A token for `value`: ids in ASCII, parted by dots. It needs no quoting in a URL.

        open `"<delivery id>"`, click `"<delivery id>.<link id>"`, manage `"<contact id>.<delivery id>"` (delivery 0
        where there is none), magnet `"<delivery id>.<magnet key>"`.
        """
        return self._signers[purpose].sign(value).decode("ascii")

    def read(self, purpose: Purpose, token: str) -> str | None:
        """The value of a token; None when it was altered, made for another purpose, or is spelled another way.

        Four spellings of a signature's last character decode to the same bytes (itsdangerous ignores the spare
        bits); only the one that `sign` writes is read, so that a token may stand for itself in logs and limits.
        """
        if len(token) > MAX_TOKEN or not token.isascii():
            return None
        try:
            value = self._signers[purpose].unsign(token).decode("ascii")
        except itsdangerous.BadSignature:
            return None
        signature = token.rpartition(".")[2].encode("ascii")
        return value if base64_encode(base64_decode(signature)) == signature else None


def _signer(keys: Sequence[str], purpose: str) -> itsdangerous.Signer:
    """itsdangerous wants the keys oldest first, and would derive each again for every token: here they are ready."""
    salt = f"everafter.{purpose}"
    derive = itsdangerous.Signer(keys[0], salt=salt, key_derivation="hmac", digest_method=hashlib.sha256).derive_key
    ready = [derive(key) for key in reversed(keys)]
    return itsdangerous.Signer(ready, salt=salt, key_derivation="none", digest_method=hashlib.sha256)
