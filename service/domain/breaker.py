"""The tenant's breaker: when too many people complain, everybody is written to less, or not at all."""

from __future__ import annotations

from enum import StrEnum

from service.domain.policy import BreakerPolicy


class Breaker(StrEnum):
    """SLOW: ceilings are halved, P5 to P7 wait. STOPPED: nothing but service mail leaves."""

    CLOSED = "closed"
    SLOW = "slow"
    STOPPED = "stopped"


def state_of(complaints: int, mails: int, policy: BreakerPolicy) -> Breaker:
    """The state after so many complaints on so many mails, both of the last `policy.span`."""
    if complaints < policy.fewest:
        return Breaker.CLOSED
    share = complaints / max(mails, 1)
    if share >= policy.stop:
        return Breaker.STOPPED
    return Breaker.SLOW if share >= policy.slow else Breaker.CLOSED
