"""Header fields that no value can break out of, written as the standards want them on the wire.

Only visible ASCII goes in as it is. Everything else, and whatever looks like an encoded word already, is encoded
(RFC 2047) in words of at most 75 characters, so a name of `=?UTF-8?Q?=0A?=Bcc: x` arrives as just that name.
"""

from __future__ import annotations

import re
import textwrap
from email.header import Header
from functools import lru_cache

from service.rendering.templates import one_line, words

LINE = 78  # characters, RFC 5322 2.1.1: preferred at most
CRLF = "\r\n"

_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+")


def field(name: str, value: str) -> str:
    """A field that is never folded nor encoded: `value` is ours, and in ASCII. Ends with CRLF."""
    return f"{name}: {value}{CRLF}"


@lru_cache(maxsize=2048)
def text_field(name: str, value: str) -> str:
    """An unstructured field, like Subject (RFC 5322 2.2.1). Any text; control characters are left out."""
    clean = one_line(words(value))
    if _is_plain(clean):
        width = LINE - len(name) - 2
        lines = textwrap.wrap(clean, width, break_long_words=False, break_on_hyphens=False)
        if all(len(line) <= width for line in lines):
            return field(name, f"{CRLF} ".join(lines))
    return field(name, _encoded(clean, name))


def mailbox_field(name: str, display: str, address: str) -> str:
    """`From`, `To`, `Reply-To` with one address in ASCII; the display name is any text, maybe empty."""
    said = phrase(display, name)
    if not said:
        return field(name, address)
    together = len(name) + 2 + len(said.rpartition(CRLF)[2]) + len(address) + 3 <= LINE
    return field(name, f"{said}{' ' if together else CRLF + ' '}<{address}>")


@lru_cache(maxsize=2048)  # many people share a first name
def phrase(text: str, name: str) -> str:
    """A phrase (RFC 5322 3.2.5): atoms as they are, other ASCII quoted, everything else in encoded words."""
    clean = one_line(words(text))
    if not _is_plain(clean) or len(clean) > LINE - len(name) - 4:
        return _encoded(clean, name)
    if not clean or _ATOMS.fullmatch(clean):
        return clean
    escaped = clean.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _is_plain(text: str) -> bool:
    return text.isascii() and "=?" not in text


def _encoded(text: str, name: str) -> str:
    return Header(text, "utf-8", maxlinelen=76, header_name=name).encode(linesep=CRLF)
