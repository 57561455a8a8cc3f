"""What is remembered of how much mail weighs on the person. Twin of `service.store.pressure`, which notes it down."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from service.domain.policy import PressurePolicy
from service.domain.pressure import REMEMBERED, Evidence, Mail, fold
from service.domain.sunset import in_a_row


@dataclass(slots=True)
class Burden:
    """As in the row of a contact. `evidence` is all that a person did about their mail, `agreed_at` when they last
    agreed to a topic, `asked_at` when the sunset began to ask whether they want to stay."""

    evidence: list[Evidence] = field(default_factory=list)
    hides_opens: bool = False
    less_often: bool = False
    agreed_at: datetime | None = None
    pressure: float = 0.0
    weighed_at: datetime | None = None
    in_a_row: int = 0
    since: datetime | None = None
    engaged_at: datetime | None = None
    asked_at: datetime | None = None

    def level(self, policy: PressurePolicy, now: datetime) -> float:
        """The remembered pressure as it is now: all of it fades alike."""
        if not self.pressure or self.weighed_at is None:
            return 0.0
        return self.pressure * float(2.0 ** (-((now - self.weighed_at) / policy.half_life)))

    def weigh(self, mails: Iterable[Mail], policy: PressurePolicy, now: datetime) -> None:
        """Fold it anew from the mails that left. A sign of them, or a consent, ends a sunset that has begun."""
        known = [mail for mail in mails if mail.at > now - REMEMBERED]
        done = [each for each in self.evidence if each.at <= now]
        folded = fold(known, done, self.hides_opens, policy)
        self.pressure, self.weighed_at = folded.level(now, policy), now
        self.engaged_at = max((each.at for each in done), default=None)
        awake_at = max((at for at in (self.engaged_at, self.agreed_at) if at is not None), default=None)
        row = in_a_row(known, self.engaged_at, self.agreed_at)
        self.in_a_row, self.since = len(row), row[0] if row else None
        if self.asked_at is not None and awake_at is not None and awake_at > self.asked_at:
            self.asked_at = None
