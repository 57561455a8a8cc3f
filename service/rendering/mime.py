"""The body of a mail: two parts that say the same, in quoted-printable."""

from __future__ import annotations

import re
from binascii import b2a_qp

# A line that is a dot ends SMTP's data where a server forgets to double it, and `From ` begins a mail in mbox files.
_DANGEROUS = re.compile(rb"^(?:\.|F(?=rom ))", re.MULTILINE)


def quoted_printable(text: str) -> bytes:
    """`text` (any line ends) as UTF-8 in quoted-printable (RFC 2045 6.7): CRLF, no line above 76 characters."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\r\n")
    # The line end in front makes b2a_qp choose CRLF for its own soft breaks, whatever the text is.
    encoded = b2a_qp(b"\r\n" + lines.encode("utf-8"), istext=True)[2:]
    # A soft break behind the encoded character: the line could be full, and encoding makes it longer.
    return _DANGEROUS.sub(lambda match: b"=%02X=\r\n" % match[0][0], encoded)


def alternatives(boundary: str, text: str, html: str) -> bytes:
    """The multipart/alternative body: text first, HTML last (RFC 2046 5.1.4)."""
    edge = b"--" + boundary.encode("ascii")
    return b"".join(
        (
            edge,
            b'\r\nContent-Type: text/plain; charset="utf-8"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n',
            quoted_printable(text),
            b"\r\n" + edge,
            b'\r\nContent-Type: text/html; charset="utf-8"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n',
            quoted_printable(html),
            b"\r\n" + edge + b"--\r\n",
        )
    )
