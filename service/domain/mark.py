"""What proves that a mail which came back is about one of ours: the address it came back to, or a link of ours in it.

A mail's envelope sender says which delivery it was (VERP, "variable envelope return paths"), with a signature: bounces
are forged, and two in five say nothing that a program could read but the address they were sent to.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from service.domain.token import Signer

_TOKEN = re.compile(r"(?P<id>\d{1,19})-(?P<stamp>[0-9a-f]{20})", re.IGNORECASE)
_LINK = re.compile(r"/unsubscribe/(?P<token>[A-Za-z0-9._-]{1,400})")


@dataclass(frozen=True, slots=True)
class Marks:
    """`bounces` is the address that mail comes back to, like `bounces@mail.glow.example`; empty where there is none."""

    bounces: str
    signer: Signer

    def sender_of(self, delivery_id: int) -> str:
        """The envelope sender of a delivery: `bounces+ID-STAMP@…`. At most 64 characters before the @ (RFC 5321
        §4.5.3.1.1) where the address itself has at most 22."""
        local, _, domain = self.bounces.rpartition("@")
        number = str(delivery_id)
        return f"{local}+{number}-{self.signer.stamp('bounce', number)}@{domain}"

    def by_address(self, address: str) -> int | None:
        """The delivery that an address belongs to; None where it is none of ours, or forged."""
        local, _, domain = address.strip().strip("<>").rpartition("@")
        own, _, own_domain = self.bounces.rpartition("@")
        if not own or domain.lower() != own_domain.lower() or not local.lower().startswith(f"{own.lower()}+"):
            return None
        found = _TOKEN.fullmatch(local[len(own) + 1 :])
        if found is None or not self.signer.is_stamp("bounce", found["id"], found["stamp"]):
            return None
        return int(found["id"])

    def by_link(self, text: str) -> int | None:
        """The delivery whose unsubscribe link stands in a text, first of all in its List-Unsubscribe."""
        for found in _LINK.finditer(text):
            value = self.signer.read("manage", found["token"])
            delivery = value.rpartition(".")[2] if value else ""
            if delivery.isdigit() and delivery != "0":
                return int(delivery)
        return None
