"""What is drawn for a person is drawn once: the same seed and purpose give the same number on every machine."""

from __future__ import annotations

import hashlib
from base64 import b32encode


def draw(seed: str, *purpose: str) -> float:
    """A number in [0, 1), even over seeds. `seed` is a person's (the hash of their address), `purpose` what for."""
    digest = hashlib.sha256("/".join((seed, *purpose)).encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def code(seed: str, *purpose: str) -> str:
    """Six letters and digits that nobody can guess from the outside: thirty bits of a hash whose seed is keyed."""
    return b32encode(hashlib.sha256("/".join((seed, *purpose)).encode()).digest())[:6].decode()
