"""A line of the suppression list: whom not to write to, about what, why, and until when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

# Words of a person that only a person may take back, and proof that nobody is there: `lift` asks for a reason.
FIRM = frozenset({"complained", "bounced"})
REASONS = ("manual", "unsubscribed", "complained", "bounced", "unengaged")


@dataclass(frozen=True, slots=True)
class Line:
    """`address_hash` is the keyed hash that outlives the person; `topic` None means all mail, service mail included
    where the reason spares none (`service.domain.consent`). Ends at `expires_at`, None for never. `at` is aware."""

    address_hash: bytes
    topic: str | None
    reason: str
    source: str
    at: datetime
    expires_at: datetime | None = None
