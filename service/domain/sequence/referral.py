"""`referral` of `business.yaml`, as it is read: who gets what for a friend, what counts, and how often."""

from __future__ import annotations

import re
from decimal import Decimal

from service.domain.referral import QUALIFYING
from service.domain.sequence.amounts import DAY, length, none_or, whole
from service.domain.sequence.draft import Draft
from service.domain.sequence.findings import Fault
from service.domain.sequence.keys import Keys
from service.domain.sequence.links import read_url
from service.domain.sequence.model.duration import Duration, Unit
from service.domain.sequence.model.referral import Cap, Programme, Qualifying, Reward, RewardKind
from service.domain.sequence.spelling import did_you_mean
from service.domain.sequence.times import read_duration, read_span
from service.domain.sequence.yaml_tree import Listing

KEYS = (
    "friend",
    "referrer",
    "qualifies",
    "wait",
    "each",
    "in all",
    "invitation lasts",
    "an hour",
    "asks",
    "form",
    "page",
)
KINDS = tuple(kind.value for kind in RewardKind)
REWARD = (*KINDS, "worth", "valid", "given", "assign", "due", "cost")
OF_A_TASK = ("assign", "due", "cost")
AT_SIGNUP, QUALIFIED = "at signup", "once qualified"
MOST = 1_000_000
POOL = re.compile(r"[A-Za-z0-9]+(?:[-_][A-Za-z0-9]+)*")
LONGEST_WORDS = 200

_QUALIFIES = re.compile(r"(\S+)(?:\s+above\s+(\d{1,7}(?:\.\d{1,2})?)\s+([A-Z]{3}))?")
_CAP = re.compile(r"(\d{1,7})(?:\s+an?\s+(week|month|year)|\s+in\s+(.+))?")
_COST = re.compile(r"\d{1,7}(?:\.\d{1,2})?", re.ASCII)
_UNITS = {"week": Unit.WEEKS, "month": Unit.MONTHS, "year": Unit.YEARS}


def read_referral(keys: Keys, draft: Draft) -> Programme:
    """What `referral` says; a problem for each value that can't hold."""
    usual = Programme()
    if "form" in keys:
        draft.refer("form", keys.text("form"), keys.inner_place_of("form"))
    if "asks" in keys:
        draft.refer("person", keys.text("asks"), keys.inner_place_of("asks"))
    wait = keys.read("wait", none_or(length(DAY, 366 * DAY)))
    return Programme(
        friend=_reward(keys, "friend", draft),
        referrer=_reward(keys, "referrer", draft),
        qualifies=_qualifies(keys) or usual.qualifies,
        wait=usual.wait if wait is None else wait,
        each=keys.read("each", read_cap),
        in_all=keys.read("in all", whole(1, MOST, "rewards")),
        lasts=keys.read("invitation lasts", read_span) or usual.lasts,
        an_hour=keys.read("an hour", whole(1, MOST, "friends")) or usual.an_hour,
        asks=keys.text("asks"),
        form=keys.text("form"),
        page=keys.read("page", read_url) or "",
    )


def read_qualifying(text: str) -> Qualifying:
    """`visit.completed`, `purchase above 50 EUR`. Raises Fault `bad-qualifying`."""
    found = _QUALIFIES.fullmatch(text.strip())
    if found is None:
        hint = "write an event, like `visit.completed`, or `purchase above 50 EUR`"
        raise Fault("bad-qualifying", f"`{text[:60]}` is nothing that a friend can do.", hint)
    if found[1] not in QUALIFYING:
        message = f"A friend doesn't qualify by `{found[1][:60]}`."
        raise Fault("bad-qualifying", message, did_you_mean(found[1], sorted(QUALIFYING)))
    return Qualifying(found[1], Decimal(found[2]) if found[2] else None, found[3] or "")


def read_cap(text: str) -> Cap:
    """`10 a year`, `3 in 90 days`, or `5` for ever. Raises Fault `bad-number` or `bad-duration`."""
    found = _CAP.fullmatch(text.strip())
    if found is None or not int(found[1]):
        message = f"`{text[:60]}` is no number of rewards."
        raise Fault("bad-number", message, "write it like `10 a year`, `3 in 90 days`, or `5` for ever")
    within = Duration.of(1, _UNITS[found[2]]) if found[2] else read_span(found[3]) if found[3] else None
    return Cap(int(found[1]), within)


def _qualifies(keys: Keys) -> tuple[Qualifying, ...]:
    """One thing, or a list of which any will do."""
    if isinstance(keys.node("qualifies"), Listing):
        return keys.readings("qualifies", read_qualifying)
    one = keys.read("qualifies", read_qualifying)
    return (one,) if one else ()


def _reward(keys: Keys, side: str, draft: Draft) -> Reward | None:
    if side not in keys:
        return None
    inside = keys.table(side, REWARD, f"the reward of the {side}")
    named = [kind for kind in RewardKind if inside.text(kind)]
    if len(named) != 1:
        message = f"The {side} gets nothing yet." if not named else "A reward is one thing, and here are several."
        keys.findings.error(keys.place_of(side), "no-reward", message, f"write one of {', '.join(KINDS)}")
        return None
    kind = named[0]
    name = _name(inside, kind, draft)
    _fits(inside, kind, draft)
    given = inside.choice("given", (AT_SIGNUP, QUALIFIED), "unknown-value", "time for a reward")
    if given == AT_SIGNUP and side != "friend":
        message = "Whoever brings a friend would be rewarded for an address, before anybody came."
        keys.findings.error(inside.place_of("given"), "too-early", message, "leave `given` out here")
    return Reward(
        kind=kind,
        name=name,
        worth=_words(inside, "worth"),
        valid=inside.read("valid", read_span),
        at_signup=given == AT_SIGNUP and side == "friend",
        assign=inside.text("assign"),
        due=inside.read("due", read_duration),
        cost=inside.read("cost", _read_cost),
    )


def _name(inside: Keys, kind: RewardKind, draft: Draft) -> str:
    """What the reward names: declared elsewhere, or words."""
    name = _words(inside, kind)
    if kind in {RewardKind.COUPON, RewardKind.WEBHOOK}:
        draft.refer(kind, name, inside.inner_place_of(kind))
    if kind is RewardKind.POOL and not POOL.fullmatch(name):
        message = f"`{name[:60]}` can't be a pool's name."
        hint = "letters, digits and hyphens, as in `everafter coupons import NAME codes.csv`"
        inside.findings.error(inside.inner_place_of(kind), "bad-name", message, hint)
    return name


def _fits(inside: Keys, kind: RewardKind, draft: Draft) -> None:
    """What only a task has stands at a task; what a coupon says of itself stands with the coupon."""
    if "assign" in inside and kind is RewardKind.TASK:
        draft.refer("person", inside.text("assign"), inside.inner_place_of("assign"))
    if kind is RewardKind.TASK:
        return
    for key in OF_A_TASK:
        if key in inside:
            message = f"`{key}` belongs to a task, and this is a {kind}."
            inside.findings.error(inside.place_of(key), "unknown-key", message, "leave it out")
    for key in ("worth", "valid") if kind is RewardKind.COUPON else ():
        if key in inside:
            message = f"The coupon says itself what `{key}` is."
            inside.findings.error(inside.place_of(key), "unknown-key", message, "write it under `coupons`")


def _words(inside: Keys, key: str) -> str:
    text = inside.text(key).strip()
    if len(text) > LONGEST_WORDS:
        message = f"`{key}` has more than {LONGEST_WORDS} characters."
        inside.findings.error(inside.inner_place_of(key), "too-long", message, "say it shorter")
    return text[:LONGEST_WORDS]


def _read_cost(text: str) -> Decimal:
    if not _COST.fullmatch(text.strip()):
        raise Fault("bad-number", f"`{text[:60]}` is no amount.", "write it like `15.00`")
    return Decimal(text.strip())
