"""Mails that no sequence plans: each asks one thing, with one button, of whoever asked for something themselves.

They carry no marketing, count towards nothing, and nothing in them is tracked. In the rows they stand as enrolments
whose sequence is a name in round brackets, which no file can have, so that they are handed over, recorded and never
sent twice like every other mail.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from service.domain.consent import Standing, may_email
from service.domain.sequence.model.business import Topic

MAIL = "mail"  # stands for the step in the rows of the mail itself, REMINDER in those of the one that repeats it
REMINDER = "reminder"
TOPIC = Topic("(system)", "service")


class SystemMail(StrEnum):
    """What is asked, by the name that stands for a sequence in the rows."""

    CONFIRM = "(confirm)"  # a signup is to be confirmed
    ADDRESS = "(address)"  # a new address is to be confirmed, by its owner
    FORGET = "(forget)"  # everything about somebody is to be deleted


# How long each is good for where nothing else is said.
KEEPS = {
    SystemMail.CONFIRM: timedelta(days=7),
    SystemMail.ADDRESS: timedelta(days=2),
    SystemMail.FORGET: timedelta(days=2),
}
AGAIN_AFTER = timedelta(hours=1)  # the same is not asked again before, however often somebody asks for it

_NAMES = frozenset(map(str, SystemMail))


def is_system(sequence: str) -> bool:
    """Whether this stands for a system mail where a sequence's key would stand."""
    return sequence in _NAMES


def why_not_ask(standing: Standing, now: datetime) -> str | None:
    """None where a system mail may go out, else the reason, as words that follow "the person …".

    An unsubscribe does not stand against it: they asked for this one themselves. A complaint or a dead mailbox does.
    """
    return may_email(standing, TOPIC, now)
