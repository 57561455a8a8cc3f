"""Who or what opened or clicked: a person, a mail service's proxy, a prefetch, a scanner, or nobody can say.

Every hit is kept with its class, the rule that gave it, and the version of the rules; reports show raw and human
counts side by side. An open never moves anything; a click does only where a person made it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

RULESET = 1  # raised with every change of the rules, so that old verdicts can be told from new ones

LONGEST_USER_AGENT = 256


class Kind(StrEnum):
    OPEN = "open"
    CLICK = "click"


class Class(StrEnum):
    HUMAN = "human"
    PROXY = "proxy"  # a mail service fetched the image for its reader: usually a real open, seen through a cache
    PREFETCH = "prefetch"  # fetched before anybody looked
    SCANNER = "scanner"  # a security gateway, a link checker, a library
    UNKNOWN = "unknown"


class RawHit(NamedTuple):
    """A hit as it came in. `nonce` is its own name, so that it counts once however often it is handed over.

    `at` is machine time, aware. Neither network address nor mail address is part of it.
    """

    nonce: str
    kind: str
    delivery_id: int
    link_id: int | None
    at: datetime
    method: str
    user_agent: str


@dataclass(frozen=True, slots=True)
class Hit:
    """What a hit is judged by.

    `since_handed` is the time since the mail was handed over, None where that is not known. `others` holds how far
    away, in time, the clicks on *other* links of the same mail were; None while it is too early to know them all.
    """

    kind: Kind
    method: str
    user_agent: str
    since_handed: timedelta | None
    others: tuple[timedelta, ...] | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """The class, and the rule that gave it."""

    hit_class: Class
    rule: str
    ruleset: int = RULESET


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Nobody reads a mail sooner than `soonest`, or follows two of its links within `burst`."""

    soonest: timedelta = timedelta(seconds=2)
    burst: timedelta = timedelta(seconds=2)


THRESHOLDS = Thresholds()
WAITING = Verdict(Class.UNKNOWN, "waiting")

# Apple's Mail Privacy Protection loads every image behind this, at any time: neither a person nor surely a machine
# (ua-parser/uap-core#509; Klaviyo 4416791883163).
APPLE_PRIVACY = "Mozilla/5.0"

# By a part of the user agent, lower case. Google's prefetch: bird.com/blog/gmail-prefetching-images.
PARTS = (
    ("edge/12.246", Verdict(Class.PREFETCH, "google-prefetch")),
    ("googleimageproxy", Verdict(Class.PROXY, "google-image-proxy")),
    ("yahoomailproxy", Verdict(Class.PROXY, "yahoo-mail-proxy")),
)

# Programs that say so themselves: crawlers and previews, the gateways of mail security, HTTP libraries.
ROBOT = re.compile(
    r"(?<!cu)bot(?:\b|_)|crawl|spider|slurp|scanner|preview|headless|phantomjs|externalhit|validator|monitor"
    r"|barracuda|mimecast|proofpoint|safelinks|fireeye|trendmicro|symantec|forcepoint|ironport|zscaler|sophos"
    r"|\b(?:curl|wget|python|aiohttp|httpx|java|okhttp|ruby|perl|libwww|node|axios|undici|go-http-client|guzzlehttp"
    r"|apache-httpclient|scrapy|postman\w*|powershell)[-\w]*/",
    re.IGNORECASE,
)


def judge(hit: Hit, thresholds: Thresholds = THRESHOLDS) -> Verdict:
    """The class of a hit, by the first rule that fits; email-standards, section 2.

    A click that only a burst could still speak against is WAITING until `others` is known.
    """
    by_agent = _by_user_agent(hit)
    if by_agent is not None:
        return by_agent
    soon = hit.since_handed is not None and hit.since_handed < thresholds.soonest
    if hit.kind is Kind.OPEN:
        # A mail that lies open in front of its reader is shown at once, and so is one that a gateway looks at.
        return Verdict(Class.UNKNOWN, "too-soon") if soon else Verdict(Class.HUMAN, "reader")
    if soon:
        return Verdict(Class.SCANNER, "too-soon")
    if hit.others is None:
        return WAITING
    if any(abs(apart) < thresholds.burst for apart in hit.others):
        return Verdict(Class.SCANNER, "all-at-once")
    return Verdict(Class.HUMAN, "reader")


def _by_user_agent(hit: Hit) -> Verdict | None:
    if hit.method == "HEAD":
        return Verdict(Class.SCANNER, "head")
    if not hit.user_agent:
        return Verdict(Class.UNKNOWN, "no-user-agent")
    if hit.user_agent == APPLE_PRIVACY:
        return Verdict(Class.UNKNOWN, "apple-privacy")
    lower = hit.user_agent.lower()
    for part, verdict in PARTS:
        if part in lower:
            return verdict
    return Verdict(Class.SCANNER, "robot") if ROBOT.search(hit.user_agent) else None


def clean_user_agent(text: str) -> str:
    """A user agent as it is stored: at most 256 characters, without control characters."""
    cut = text[:LONGEST_USER_AGENT]
    return cut if cut.isprintable() else "".join(character for character in cut if character.isprintable())
