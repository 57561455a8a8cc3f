"""The signed tokens in a mail's addresses: ids that nobody can alter, and no address of a person.

A token reads `VALUE.SIGNATURE`, the signature being HMAC-SHA-256 under a key of its own for each purpose, so a click
token can't unsubscribe anybody. Tokens carry no time and never expire: an unsubscribe link must work for as long as
somebody keeps the mail, so keys are only ever added in front, and old ones stay.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from hmac import compare_digest
from typing import Literal, get_args

Purpose = Literal[
    "open", "click", "manage", "magnet", "answer", "task", "join", "share", "my-data", "calendar", "bounce"
]

STAMP = 20  # hexadecimal digits: 80 bits, which nobody guesses by sending mail
MAX_TOKEN = 400  # characters; the longest that is ever made has about 170


class Signer:
    """Signs and reads tokens. `keys` are the secrets, newest first: the first one signs, all of them verify."""

    def __init__(self, keys: Sequence[str]) -> None:
        if not keys:
            raise ValueError("a Signer needs at least one key")
        self._seals = {purpose: [_Seal(key, purpose) for key in keys] for purpose in get_args(Purpose)}

    def sign(self, purpose: Purpose, value: str) -> str:
        """A token for `value`: ids in ASCII, parted by dots. It needs no quoting in a URL.

        open `"<delivery id>"`, click `"<delivery id>.<link id>"`, manage `"<contact id>.<delivery id>"` (delivery 0
        where there is none), magnet `"<delivery id>.<magnet key>"`, answer `"<delivery id>.<value>"`, task
        `"<task id>.<value>"` (in mail to staff; the value may be empty), join `"<contact id>.<delivery id>.<slug of
        the topic>"`, share and my-data `"<contact id>"`, calendar `"<delivery id>"`.
        """
        return f"{value}.{self._seals[purpose][0].signature(value).decode('ascii')}"

    def read(self, purpose: Purpose, token: str) -> str | None:
        """The value of a token; None when it was altered, made for another purpose, or is spelled another way.

        Four spellings of a signature's last character decode to the same bytes, as base64 has bits to spare there;
        only the one that `sign` writes is read, so that a token may stand for itself in logs and limits.
        """
        if len(token) > MAX_TOKEN or not token.isascii():
            return None
        value, _, signature = token.rpartition(".")
        given = signature.encode("ascii")
        known = any(compare_digest(seal.signature(value), given) for seal in self._seals[purpose])
        return value if known else None

    def stamp(self, purpose: Purpose, value: str) -> str:
        """A short signature in small letters and digits, for where little room is and case may be lost."""
        return self._seals[purpose][0].stamp(value)

    def is_stamp(self, purpose: Purpose, value: str, given: str) -> bool:
        """Whether `given` is a stamp of the value, made with any of the keys."""
        shown = given.lower().encode("ascii", "replace")
        return any(compare_digest(seal.stamp(value).encode(), shown) for seal in self._seals[purpose])


class _Seal:
    """A secret's key for one purpose, put into HMAC once: for each of a mail's tokens there is a copy of that."""

    def __init__(self, secret: str, purpose: str) -> None:
        key = hmac.digest(secret.encode(), f"everafter.{purpose}".encode(), hashlib.sha256)
        self._begun = hmac.new(key, digestmod=hashlib.sha256)

    def signature(self, value: str) -> bytes:
        """The signature of a value, in base64 for URLs without its padding."""
        sealing = self._begun.copy()
        sealing.update(value.encode())
        return urlsafe_b64encode(sealing.digest()).rstrip(b"=")

    def stamp(self, value: str) -> str:
        return hashlib.sha256(self.signature(value)).hexdigest()[:STAMP]
