"""What a provider, or a mail that came back, tells of a mail that left: one vocabulary for all of them.

Each provider's own names stay at its edge (`service.providers`); everything inside asks only for what stands here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

WORDS = 500  # characters kept of what somebody else said

_ENHANCED = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
_BASIC = re.compile(r"(?<![\d.])([245]\d\d)(?![\d.])")
_NO_SUCH_ADDRESS = frozenset({"1.0", "1.1", "1.2", "1.3", "1.6", "1.10", "2.1"})  # RFC 3463 §3.2, §3.3; RFC 7505


class What(StrEnum):
    """What happened to the mail."""

    DELIVERED = "delivered"  # the recipient's mail server has it
    DEFERRED = "deferred"  # the provider tries again by itself
    BOUNCED = "bounced"  # it came back; `bounce` says for which kind of reason
    COMPLAINED = "complained"  # its reader called it spam
    UNSUBSCRIBED = "unsubscribed"  # left at the provider, or by its list
    RESUBSCRIBED = "resubscribed"
    OPENED = "opened"
    CLICKED = "clicked"
    REJECTED = "rejected"  # the provider did not send it at all
    REPLIED = "replied"  # a person wrote back; `recipient` is who, `message_id` the mail they answer
    OTHER = "other"  # known, and of no consequence


class Bounce(StrEnum):
    """Why a mail came back."""

    HARD = "hard"  # there is no such address, and won't be: nothing is sent there again
    SOFT = "soft"  # a full mailbox, a server that is away: counted
    BLOCKED = "blocked"  # this mail or its sender was not wanted: says nothing of the address
    POLICY = "policy"  # 5.7.x: the sender has something to mend; nobody is suppressed
    ECHO = "echo"  # the provider's own list repeats what it once heard: no bounce of its own


@dataclass(frozen=True, slots=True)
class Feedback:
    """One thing that is told of one mail.

    `key` is unique within an account of a provider: told twice, it counts once. Of `delivery_id`, `message_id` (without
    brackets), `provider_id` and `recipient` what is known is given; `at` is aware, None where nobody said when.
    `code` is an SMTP or enhanced status code, `words` what the other side said. `is_machine`: the provider itself
    took an open or click for a machine's. `is_marked`: the delivery stands in a mark that we signed ourselves.
    `known_as` is the Message-ID that the provider wrote into the mail in place of ours. `is_claimed`: somebody says so
    in a mail, which proves nothing but that they have seen the mail that is named, so it counts for whom that went to.
    """

    what: What
    key: str
    at: datetime | None = None
    delivery_id: int | None = None
    message_id: str = ""
    provider_id: str = ""
    recipient: str = ""
    bounce: Bounce | None = None
    code: str = ""
    words: str = ""
    is_machine: bool = False
    is_marked: bool = False
    known_as: str = ""
    is_claimed: bool = False


def bounce_of(code: str, words: str = "", otherwise: Bounce = Bounce.SOFT) -> Bounce:
    """The kind of a bounce by its status: an enhanced code (RFC 3463) in `code` or `words`, else a reply code.

    X.1.1, X.1.2, X.2.1 … are about the address; X.7.x about the sender, who is the one to mend something (Gmail,
    support.google.com/a/answer/3726730). `otherwise` where neither says anything: X.0.X and X.5.X don't either.

    >>> bounce_of("5.1.1"), bounce_of("550", "5.7.26 unauthenticated"), bounce_of("452", "4.2.2 over quota")
    (<Bounce.HARD: 'hard'>, <Bounce.POLICY: 'policy'>, <Bounce.SOFT: 'soft'>)
    """
    enhanced = _ENHANCED.search(code) or _ENHANCED.search(words)
    if enhanced is not None:
        kind, subject, detail = enhanced.groups()
        if subject == "7":
            return Bounce.POLICY
        if kind != "5" or subject not in {"0", "5"}:
            return Bounce.HARD if kind == "5" and f"{subject}.{detail}" in _NO_SUCH_ADDRESS else Bounce.SOFT
    basic = _BASIC.search(code)
    return Bounce.SOFT if basic is not None and basic[1].startswith("4") else otherwise
