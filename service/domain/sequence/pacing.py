"""`pacing` of `business.yaml`: how fast mail may leave towards the world, and the warm-up of a new sender."""

from __future__ import annotations

import re

from service.domain.mailbox_group import TITLES
from service.domain.pacing import DAY, RAMP, WARM, Pacing, Rate
from service.domain.sequence.findings import Fault
from service.domain.sequence.keys import Keys
from service.domain.sequence.spelling import did_you_mean
from service.domain.sequence.times import read_day
from service.domain.sequence.yaml_tree import Listing

PACING = ("in all", "connections", "each group", "groups", "warm up")
WARM_UP = ("since", "up to")
MOST = 10_000_000  # mails a second, minute, hour or day
MOST_CONNECTIONS = 1_000

_SECONDS = {"second": 1.0, "minute": 60.0, "hour": 3_600.0, "day": DAY}
_RATE = re.compile(r"(\S+)\s+(?:an?|per)\s+([^\W\d_]+)|(\S+?)\s*/\s*([^\W\d_]+)")
_COUNT = re.compile(r"\d{1,9}", re.ASCII)
_DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]+")


def read_pacing(keys: Keys) -> Pacing:
    """What `pacing` says; a problem for each value that can't hold, or that another makes void."""
    warm_up = keys.table("warm up", WARM_UP)
    if "warm up" in keys:
        warm_up.missing("since", "write the day of the first mail, like `since: 2026-11-22`")
    groups = keys.table("groups", what="`groups` of `pacing`")
    pacing = Pacing(
        in_all=_rates(keys, "in all"),
        connections=keys.read("connections", read_connections) or 0,
        each=keys.read("each group", read_rate),
        groups=tuple(
            (name, rate) for name in groups if _names_a_group(groups, name) and (rate := groups.read(name, read_rate))
        ),
        warm_up=warm_up.read("since", read_day),
        warm_up_to=warm_up.read("up to", read_daily),
    )
    _agree(pacing, keys, groups, warm_up)
    return pacing


def read_rate(text: str) -> Rate:
    """`14 a second`, `500 per hour`, `50000/day`. Raises Fault `bad-rate`."""
    found = _RATE.fullmatch(text.strip())
    hint = "write how many in which time, like `14 a second` or `50000 a day`"
    if found is None:
        raise Fault("bad-rate", f"`{text[:60]}` is not a rate.", hint)
    count, word = found[1] or found[3], (found[2] or found[4]).casefold()
    if word not in _SECONDS:
        raise Fault("bad-rate", f"`{word[:60]}` is not what mails are counted in.", did_you_mean(word, _SECONDS))
    return Rate(_whole(count, "bad-rate", hint), _SECONDS[word])


def read_daily(text: str) -> int:
    """`2000 a day`, in mails. Raises Fault `bad-rate`."""
    rate = read_rate(text)
    if rate.seconds < DAY:
        raise Fault("bad-rate", "A warm-up is counted in mails a day.", "write it like `2000 a day`")
    return rate.count


def read_connections(text: str) -> int:
    """How many hand-overs at once. Raises Fault `bad-connections`."""
    hint = f"write a whole number from 1 to {MOST_CONNECTIONS}"
    count = _whole(text.strip(), "bad-connections", hint)
    if count > MOST_CONNECTIONS:
        raise Fault("bad-connections", f"No mail service takes {count} connections at once.", hint)
    return count


def _whole(text: str, code: str, hint: str) -> int:
    digits = text.replace(",", "").replace("_", "")
    if digits.startswith("-"):
        raise Fault(code, f"`{text[:60]}` is below zero.", hint)
    if not _COUNT.fullmatch(digits) or int(digits) > MOST:
        raise Fault(code, f"`{text[:60]}` is not a whole number up to {MOST}.", hint)
    if not int(digits):
        raise Fault(code, "With a rate of zero no mail would ever leave.", f"{hint}; to stop a sequence, pause it")
    return int(digits)


def _rates(keys: Keys, key: str) -> tuple[Rate, ...]:
    """One rate, or a list of them."""
    node = keys.node(key)
    if not isinstance(node, Listing):
        rate = keys.read(key, read_rate)
        return () if rate is None else (rate,)
    return keys.readings(key, read_rate)


def _names_a_group(keys: Keys, name: str) -> bool:
    if name in TITLES or _DOMAIN.fullmatch(name):
        return True
    message = f"There is no mailbox group `{name[:60]}`."
    keys.findings.error(keys.place_of(name), "unknown-group", message, did_you_mean(name, TITLES, "write a domain"))
    return False


def _agree(pacing: Pacing, keys: Keys, groups: Keys, warm_up: Keys) -> None:
    """What goes beyond the mail service's own limit, or below where a warm-up begins, can't be meant."""
    most = pacing.most_a_day
    findings = keys.findings
    if most is not None and pacing.warm_up_to is not None and pacing.warm_up_to > most:
        message = f"The warm-up goes up to {pacing.warm_up_to} mails a day, and the mail service takes {most} in all."
        findings.error(warm_up.place_of("up to"), "beyond-the-limit", message, f"write `up to: {most} a day` or less")
    if pacing.warm_up_to is not None and not RAMP[0][1] <= pacing.warm_up_to <= WARM:
        message = f"A warm-up begins with {RAMP[0][1]} mails a day and group and is over at {WARM}."
        findings.error(warm_up.place_of("up to"), "beyond-the-limit", message, "write a number between the two")
    for owner, name, rate in ((keys, "each group", pacing.each), *((groups, *each) for each in pacing.groups)):
        if rate is not None and any(rate.per_second > each.per_second for each in pacing.in_all if _same(rate, each)):
            message = f"`{name}` may get more than the mail service takes in all."
            findings.error(owner.place_of(name), "beyond-the-limit", message, "write less than `in all` says")


def _same(rate: Rate, other: Rate) -> bool:
    """Whether two rates are counted alike: over a day, or over less."""
    return (rate.seconds >= DAY) == (other.seconds >= DAY)
