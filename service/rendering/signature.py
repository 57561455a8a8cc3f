"""DKIM (RFC 6376): the sending domain signs each mail, the unsubscribe headers included (RFC 8058, section 3.1)."""

from __future__ import annotations

from dataclasses import dataclass, field

import dkim

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


@dataclass(frozen=True, slots=True)
class Dkim:
    """The domain (`d=`), the selector (`s=`) and the private RSA key in PEM, whose line ends may be written `\\n`.

    Raises ValueError at once where they can't sign, and not for the first mail.
    """

    domain: str
    selector: str
    key: str = field(repr=False)

    def __post_init__(self) -> None:
        try:
            self.sign(b"From: <somebody@example.org>\r\n\r\n")
        except (dkim.DKIMException, UnicodeEncodeError) as error:
            raise ValueError(f"DKIM_DOMAIN, DKIM_SELECTOR and DKIM_KEY can't sign a mail: {error}") from None

    def sign(self, raw: bytes) -> bytes:
        """The mail with its DKIM-Signature in front; rsa-sha256 (RFC 8301), relaxed/relaxed, no `l=`."""
        present = {line.partition(b":")[0].lower() for line in raw.partition(b"\r\n\r\n")[0].split(b"\r\n")}
        signed = [name for name in SIGNED if name.lower().encode("ascii") in present]
        header: bytes = dkim.sign(
            raw,
            self.selector.encode("ascii"),
            self.domain.encode("ascii"),
            self.key.replace("\\n", "\n").encode("ascii"),
            canonicalize=(b"relaxed", b"relaxed"),
            signature_algorithm=b"rsa-sha256",
            include_headers=[name.encode("ascii") for name in (*signed, *OVERSIGNED)],
        )
        return header + raw
