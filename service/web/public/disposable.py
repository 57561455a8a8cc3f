"""Mailboxes that are thrown away after minutes: the well-kept list of `disposable-email-domains`.

Not among them are relays, which hand mail on to a mailbox that stays and that somebody reads.
"""

from __future__ import annotations

from functools import cache

import disposable_email_domains

# Apple's Hide My Email (its private relay and iCloud+), Firefox Relay, DuckDuckGo, Proton's SimpleLogin.
RELAYS = frozenset(
    {
        "privaterelay.appleid.com",
        "icloud.com",
        "mozmail.com",
        "duck.com",
        "passmail.net",
        "passmail.com",
        "passinbox.com",
        "simplelogin.com",
        "aleeas.com",
        "slmails.com",
    }
)


@cache
def _domains() -> frozenset[str]:
    return frozenset(disposable_email_domains.blocklist) - RELAYS


def is_disposable(email_key: str) -> bool:
    """Whether the mailbox of a canonical address is one to throw away, by its domain or one above it."""
    labels = email_key.rpartition("@")[2].split(".")
    above = {".".join(labels[start:]) for start in range(len(labels) - 1)}
    return not above & RELAYS and not above.isdisjoint(_domains())
