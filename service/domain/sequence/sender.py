"""Sender addresses as people write them: `Mia at Glow Studio <mia@glow.example>`."""

from __future__ import annotations

from email.utils import parseaddr

from service.domain.contact import BadAddress, read_address
from service.domain.sequence.findings import Fault

MAX_NAME = 80


def read_sender(text: str) -> str:
    """The sender as it was written, checked by its syntax. Raises Fault `bad-address`."""
    name, address = parseaddr(text.strip())
    wrong = Fault("bad-address", f"`{text[:80]}` is not a sender.", "like `Mia at Glow Studio <mia@glow.example>`")
    alone = text.strip().endswith((address, f"<{address}>"))  # else several addresses were written
    if not address or not alone or len(name) > MAX_NAME or "\n" in text:
        raise wrong
    try:
        read_address(address)
    except BadAddress:
        raise wrong from None
    return text.strip()


def read_email(text: str) -> str:
    """One plain address. Raises Fault `bad-address`."""
    try:
        return read_address(text).email
    except BadAddress:
        message = f"`{text[:80]}` is not an email address."
        raise Fault("bad-address", message, "like `desk@glow.example`") from None
