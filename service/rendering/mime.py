"""The body of a mail: two parts that say the same, in quoted-printable (RFC 2045 6.7)."""

from __future__ import annotations

import re
from binascii import b2a_qp
from functools import lru_cache

# A line that is a dot ends SMTP's data where a server forgets to double it, and `From ` begins a mail in mbox files.
_DANGEROUS = re.compile(rb"^(?:\.|F(?=rom ))+", re.MULTILINE)
_LINE = 75  # characters of one line, and its soft break
_PART = (
    '--{boundary}\r\nContent-Type: text/{kind}; charset="utf-8"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n'
)


def quoted_printable(text: str) -> str:
    """`text`, whose lines end in CRLF, as UTF-8 in quoted-printable: ASCII, no line above 76 characters.

    It ends at the start of a line, by a soft break where the text itself doesn't, so pieces can be put together.
    """
    whole = not text or text.endswith("\n")
    # The line end in front makes b2a_qp choose CRLF for its own soft breaks, whatever the text is; the letter behind
    # it keeps room for the soft break that ends the piece.
    encoded = b2a_qp(b"\r\n" + text.encode("utf-8") + (b"" if whole else b"x"), istext=True)
    if b"\n." in encoded or b"\nFrom " in encoded:
        # A soft break behind each encoded character: the line could be full, and encoding makes it longer.
        encoded = _DANGEROUS.sub(lambda match: b"".join(b"=%02X=\r\n" % byte for byte in match[0]), encoded)
    if whole:
        return encoded[2:].decode("ascii")
    piece = encoded[2:-1].decode("ascii")
    return piece if piece.endswith("\n") else f"{piece}=\r\n"


def quoted_address(address: str) -> str:
    """The same for an address of the web: nothing in most of them is encoded, and they begin no line as those above."""
    return folded(address) if is_plain(address) else quoted_printable(address)


def is_plain(address: str) -> bool:
    """Whether it is an address of the web in which nothing is to be encoded."""
    printable = address.startswith("http") and address.isascii() and address.isprintable()
    return printable and "=" not in address and " " not in address


def folded(address: str) -> str:
    """An address in which nothing is to be encoded, a soft break behind each of its lines."""
    if _LINE < len(address) <= 2 * _LINE:  # as nearly all that carry a token
        return f"{address[:_LINE]}=\r\n{address[_LINE:]}=\r\n"
    return "".join([f"{address[start : start + _LINE]}=\r\n" for start in range(0, len(address), _LINE)])


def alternatives(boundary: str, text: str, html: str) -> str:
    """The multipart/alternative body: text first, HTML last (RFC 2046 5.1.4); both in quoted-printable already."""
    first, last = _heads(boundary)
    return f"{first}{text}\r\n{last}{html}\r\n--{boundary}--\r\n"


@lru_cache(maxsize=1024)  # a boundary belongs to a step
def _heads(boundary: str) -> tuple[str, str]:
    return _PART.format(boundary=boundary, kind="plain"), _PART.format(boundary=boundary, kind="html")
