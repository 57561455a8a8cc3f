"""Mail addresses: `Name <address>` taken apart, and domains in the form that SMTP carries."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from email_validator import EmailNotValidError, validate_email

from service.ports import Unrenderable

# RFC 5321 4.1.2 and 4.5.3.1, Dot-string "@" Domain in ASCII: all that needs no further thought.
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_PLAIN = re.compile(rf"(?=[^@]{{1,64}}@){_ATOM}(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})*")
_NAMED = re.compile(r"(?P<name>[^<>\r\n]*)<(?P<address>[^<>\s]+)>")


@dataclass(frozen=True, slots=True)
class Mailbox:
    """`name` as people read it, maybe empty; `address` as SMTP carries it, in ASCII."""

    name: str
    address: str

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2]


@lru_cache(maxsize=256)
def mailbox(text: str) -> Mailbox:
    """`Mia at Glow Studio <mia@glow.example>`, or an address alone. Raises Unrenderable."""
    match = _NAMED.fullmatch(text.strip())
    if match is None:
        return Mailbox("", carried(text.strip()))
    return Mailbox(match["name"].strip().strip('"').strip(), carried(match["address"]))


def carried(address: str) -> str:
    """The address as SMTP carries it: its domain in A-labels (IDNA 2008; RFC 5891).

    Raises Unrenderable for what is no address, and for a local part outside ASCII: that needs SMTPUTF8 (RFC 6531)
    on every server of the way, and an address that is rewritten to please one may belong to somebody else.
    """
    if len(address) <= 254 and _PLAIN.fullmatch(address):
        return address
    try:
        found = validate_email(address, check_deliverability=False, strict=True, globally_deliverable=False)
    except EmailNotValidError as error:
        raise Unrenderable(f"the address can't be written to: {error}") from None
    if found.ascii_email is None:
        raise Unrenderable("the address needs SMTPUTF8 (letters outside ASCII before the @), which mail can't rely on")
    return found.ascii_email
