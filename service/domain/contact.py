"""Addresses: what counts as one, and when two are the same person's."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from functools import lru_cache

from email_validator import EmailNotValidError, validate_email

MAX_ADDRESS = 254  # RFC 5321 §4.5.3.1.3, less the angle brackets


class BadAddress(ValueError):  # noqa: N818 (what the form says)
    """Not an address that mail can reach; the message is a sentence for the person who typed it."""


@dataclass(frozen=True, slots=True)
class Address:
    """`email` as it is written to (domain in Unicode, NFC), `key` the form by which one person is found again."""

    email: str
    key: str


@lru_cache(maxsize=4_096)  # programs speak of the same people again and again
def read_address(text: str) -> Address:
    """The address in `text`, checked by its syntax alone (RFC 5321, IDNA 2008).

    Raises BadAddress. Local parts outside ASCII are refused, because most providers can't deliver them (RFC 6531).
    """
    text = text.strip()
    if len(text) > MAX_ADDRESS:
        raise BadAddress(f"An address has at most {MAX_ADDRESS} characters.")
    try:
        # Deliverability is asked by sending; example and test domains may be written to in a demo.
        found = validate_email(text, check_deliverability=False, allow_smtputf8=False, globally_deliverable=False)
    except EmailNotValidError as error:
        raise BadAddress(f"That doesn't look like an email address: {error}") from None
    if "." not in found.ascii_domain or found.ascii_email is None:
        raise BadAddress("That doesn't look like an email address: the part after the @ needs a dot.")
    return Address(found.normalized, found.ascii_email.lower())


def address_hash(key: bytes, email_key: str) -> bytes:
    """HMAC-SHA256 of a canonical address: the name under which a suppression survives the person's erasure."""
    return hmac.new(key, email_key.encode(), hashlib.sha256).digest()
