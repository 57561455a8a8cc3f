"""What somebody else wrote, without the addresses in it: for logs, and for words that are kept."""

from __future__ import annotations

import re

HIDDEN = "[address]"
# Anything@anything, percent-encoded too; a password in a URL goes with it.
ADDRESS = re.compile(r"[^\s@<>\"'(),;:/\\\[\]{}=&?]+(?:@|%40)[^\s@<>\"'(),;:/\\\[\]{}=&?]+", re.IGNORECASE)


def without_addresses(text: str) -> str:
    """The same text, with `[address]` for whatever looks like one.

    >>> without_addresses("550 5.1.1 <ana@example.org>: no such user")
    '550 5.1.1 <[address]>: no such user'
    """
    return ADDRESS.sub(HIDDEN, text) if "@" in text or "%40" in text else text
