"""Who never reacts is asked once whether they want to stay, and then left in peace."""

from __future__ import annotations

from datetime import datetime

from service.domain.policy import SunsetPolicy

UNENGAGED = "unengaged"  # the event by which the asking begins


def unengaged(sends_in_a_row: int, since: datetime | None, ever: bool, policy: SunsetPolicy, now: datetime) -> bool:
    """Whether somebody is to be asked: so many mails in a row without human evidence, the first of them at `since`.

    `ever`: they did react once, before.
    """
    most = policy.once if ever else policy.never
    return since is not None and sends_in_a_row >= most and now >= since + policy.at_least


def silence_ends(asked_at: datetime, policy: SunsetPolicy) -> datetime:
    """When somebody who was asked and did not answer gets no mail any more."""
    return asked_at + policy.silence
