"""Who never reacts is asked once whether they want to stay, and then left in peace."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from service.domain.policy import SunsetPolicy
from service.domain.pressure import Mail

UNENGAGED = "unengaged"  # the event by which the asking begins
SUNSET = "sunset"  # by which all other mail is held meanwhile


def in_a_row(mails: Iterable[Mail], engaged_at: datetime | None, agreed_at: datetime | None) -> list[datetime]:
    """When the mails left since the last sign of a person (`engaged_at`) and their last consent, the earliest first.

    What a signup sends leaves at the very instant of its consent, and belongs to the row.
    """
    return sorted(
        mail.at
        for mail in mails
        if (engaged_at is None or mail.at > engaged_at) and (agreed_at is None or mail.at >= agreed_at)
    )


def unengaged(sends_in_a_row: int, since: datetime | None, ever: bool, policy: SunsetPolicy, now: datetime) -> bool:
    """Whether somebody is to be asked: so many mails in a row without human evidence, the first of them at `since`.

    `ever`: they did react once, before.
    """
    most = policy.once if ever else policy.never
    return since is not None and sends_in_a_row >= most and now >= since + policy.at_least


def silence_ends(asked_at: datetime, policy: SunsetPolicy) -> datetime:
    """When somebody who was asked and did not answer gets no mail any more."""
    return asked_at + policy.silence
