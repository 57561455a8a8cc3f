"""The table of kinds: who wins a slot, and how long a mail keeps after its first permitted minute.

The one place of these numbers; `sequences/README.md` shows the same table to marketers.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from service.domain.policy import Policy
from service.domain.sequence.vocabulary import Kind, Stage


@dataclass(frozen=True, slots=True)
class Manner:
    """`priority` is P0 to P7 (0 wins), `keeps` how long the mail may wait before it expires."""

    priority: int
    keeps: timedelta

    @property
    def capped(self) -> bool:
        """Service mail (P0) is exempt from caps, gap and pressure, and counts towards nothing."""
        return self.priority > 0

    @property
    def warm(self) -> bool:
        """P1 to P3 wait for a shorter gap and may exceed the month's cap."""
        return 1 <= self.priority <= 3


MANNERS: dict[Kind, Manner] = {
    Kind.SERVICE: Manner(0, timedelta(days=3)),
    Kind.CHECK_IN: Manner(1, timedelta(days=5)),
    Kind.NUDGE: Manner(1, timedelta(days=14)),
    Kind.ONBOARDING: Manner(2, timedelta(days=10)),
    Kind.DELIGHT: Manner(3, timedelta(days=2)),
    Kind.LETTER: Manner(4, timedelta(days=7)),
    Kind.REVIEW: Manner(4, timedelta(days=21)),
    Kind.WIN_BACK: Manner(4, timedelta(days=21)),
    Kind.REFERRAL: Manner(5, timedelta(days=30)),
    Kind.NEWSLETTER: Manner(6, timedelta(days=4)),
    Kind.OFFER: Manner(7, timedelta(days=3)),
}

DEFAULT_KIND: dict[Stage, Kind] = {
    Stage.NURTURE: Kind.LETTER,
    Stage.ONBOARDING: Kind.ONBOARDING,
    Stage.DELIGHT: Kind.DELIGHT,
    Stage.REBOOKING: Kind.NUDGE,
    Stage.REFERRAL: Kind.REFERRAL,
    Stage.FAREWELL: Kind.LETTER,
}


def keeps_of(kind: Kind, policy: Policy) -> timedelta:
    """How long a mail of this kind may wait before it expires: what `throttle.keeps` says, else the table."""
    return policy.keeps.get(kind) or MANNERS[kind].keeps
