"""`throttle` of `business.yaml`: how often one person may be written to. Every number is a setting with bounds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, NamedTuple, TypeVar

from service.domain.kind import MANNERS
from service.domain.policy import BreakerPolicy, Caps, Policy, PressurePolicy, SunsetPolicy
from service.domain.sequence.amounts import (
    Reader,
    length,
    none_or,
    number,
    read_gap,
    read_share,
    rhythms,
    said,
    whole,
)
from service.domain.sequence.keys import Keys
from service.domain.sequence.vocabulary import Kind

MAILS = 1_000
YEAR = timedelta(days=366)
WEIGHTS = 100
OFFER_DUE = "offer when due"  # the ceiling of offers to a client who is due

_Part = TypeVar("_Part", Policy, Caps, PressurePolicy, SunsetPolicy, BreakerPolicy)


class Setting(NamedTuple):
    """One number: its key in the file, its name in the policy, and who reads it."""

    key: str
    field: str
    read: Reader


_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
LIMITS = (
    Setting("per day", "per_day", whole(1, MAILS, "mails")),
    Setting("per week", "per_week", whole(1, MAILS, "mails")),
    Setting("per month", "per_month", whole(1, MAILS, "mails")),
    Setting("gap", "gap", read_gap),
    Setting("gap warm", "gap_warm", read_gap),
)
TIMES = (
    Setting("look ahead", "look_ahead", none_or(length(_HOUR, 7 * _DAY))),
    Setting("spread", "spread", none_or(length(timedelta(minutes=1), 2 * _HOUR))),
)
PRESSURE = (
    Setting("half-life", "half_life", length(_DAY, YEAR)),
    Setting("follow-up", "escalation", number(1, 10)),
    Setting("opens hidden", "hidden", read_share),
    Setting("opened", "opened", read_share),
    Setting("answered within", "answered_within", length(_HOUR, 30 * _DAY)),
    Setting("answer", "answer", read_share),
    Setting("booking", "booking", read_share),
    Setting("less often", "less_often", read_share),
    Setting("due from", "due_from", rhythms(0, 10)),
    Setting("due until", "due_until", rhythms(0, 100)),
)
SUNSET = (
    Setting("never reacted", "never", whole(1, MAILS, "mails")),
    Setting("reacted once", "once", whole(1, MAILS, "mails")),
    Setting("at least", "at_least", length(_DAY, 3 * YEAR)),
    Setting("silence", "silence", length(_DAY, YEAR)),
)
BREAKER = (
    Setting("slow", "slow", read_share),
    Setting("stop", "stop", read_share),
    Setting("over", "span", length(_DAY, YEAR)),
    Setting("fewest", "fewest", whole(1, MAILS, "complaints")),
)
GROUPS = {"pressure": PRESSURE, "sunset": SUNSET, "breaker": BREAKER}
THROTTLE = (*(each.key for each in (*LIMITS, *TIMES)), "keeps", *GROUPS)
KINDS = tuple(kind.value for kind in Kind)


class Inside(NamedTuple):
    """The mappings within `throttle`, each read once."""

    throttle: Keys
    pressure: Keys
    weights: Keys
    ceilings: Keys
    sunset: Keys
    breaker: Keys


def read_throttle(keys: Keys) -> Policy:
    """What `throttle` says, and the defaults for all that it leaves out; a problem for each value that can't hold."""
    usual = Policy()
    inside = Inside(
        keys,
        pressure := keys.table("pressure", (*_keys_of(PRESSURE), "weights", "ceilings")),
        pressure.table("weights", KINDS),
        pressure.table("ceilings", (*KINDS, OFFER_DUE)),
        keys.table("sunset", _keys_of(SUNSET)),
        keys.table("breaker", _keys_of(BREAKER)),
    )
    ceilings, due = _ceilings(inside.ceilings, usual)
    weighed = replace(
        _read(pressure, PRESSURE, usual.pressure),
        weights=_weights(inside.weights, usual.pressure.weights),
        ceilings=ceilings,
        ceiling_due=due,
    )
    policy = Policy(
        caps=_read_caps(keys),
        keeps=_by_kind(keys.table("keeps", KINDS), length(_HOUR, 90 * _DAY)),
        pressure=weighed,
        sunset=_read(inside.sunset, SUNSET, usual.sunset),
        breaker=_read(inside.breaker, BREAKER, usual.breaker),
    )
    policy = _read(keys, TIMES, policy)
    _agree(policy, inside)
    return policy


def _keys_of(settings: Iterable[Setting]) -> tuple[str, ...]:
    return tuple(each.key for each in settings)


def _read(keys: Keys, settings: Iterable[Setting], usual: _Part) -> _Part:
    """The policy with all that was written in place of what is usual."""
    found = {each.field: keys.read(each.key, each.read) for each in settings}
    return replace(usual, **{name: value for name, value in found.items() if value is not None})


def _read_caps(keys: Keys) -> Caps:
    usual = Caps()
    caps = _read(keys, LIMITS, usual)
    if not caps.per_day <= caps.per_week <= caps.per_month:
        message = f"{caps.per_day} a day, {caps.per_week} a week and {caps.per_month} a month contradict one another."
        keys.findings.error(keys.place, "bad-number", message, "the longer the time, the larger the number")
    if caps.gap_warm > caps.gap and "gap warm" in keys:
        message = f"The warm kinds would wait {caps.gap_warm} hours, longer than all others with {caps.gap}."
        keys.findings.error(keys.place_of("gap warm"), "contradiction", message, "make it at most as long as `gap`")
    return replace(caps, gap_warm=min(caps.gap_warm, caps.gap))


def _by_kind(keys: Keys, read: Callable[[str], Any]) -> dict[Kind, Any]:
    found = {Kind(name): keys.read(name, read) for name in keys}
    return {kind: value for kind, value in found.items() if value is not None}


def _no_service(keys: Keys, what: str) -> None:
    if Kind.SERVICE in keys:
        message = f"Service mail {what}: it is what somebody asked for, and no limit holds it."
        keys.findings.error(keys.place_of(Kind.SERVICE), "contradiction", message, "remove this line")


def _weights(keys: Keys, usual: Mapping[Kind, float]) -> dict[Kind, float]:
    _no_service(keys, "weighs nothing")
    return {**usual, **_by_kind(keys, number(0, WEIGHTS))}


def _ceilings(keys: Keys, usual: Policy) -> tuple[dict[int, float], float]:
    """By class, and the one of offers to a client who is due."""
    _no_service(keys, "has no ceiling")
    read, ceilings = number(0, MAILS), dict(usual.pressure.ceilings)
    due = keys.read(OFFER_DUE, read) if OFFER_DUE in keys else None
    said_by: dict[int, str] = {}
    for name in keys:
        if name == OFFER_DUE:
            continue
        rank, value = _rank(name), keys.read(name, read)
        if rank in said_by:
            message = f"`{name}` and `{said_by[rank]}` go together and share one ceiling."
            keys.findings.error(keys.place_of(name), "duplicate-key", message, "write one of the two")
        said_by[rank] = name
        if value is not None:
            ceilings[rank] = value
    return ceilings, usual.pressure.ceiling_due if due is None else due


def _agree(policy: Policy, inside: Inside) -> None:
    """What makes another setting void, or shuts out a kind for ever, can't be meant."""
    limits, sunset, breaker = policy.pressure, policy.sunset, policy.breaker
    _ceilings_agree(policy.pressure, inside)
    if limits.due_from >= limits.due_until:
        message = f"Nobody is due from {limits.due_from:g} until {limits.due_until:g} rhythms."
        _refuse(inside.pressure, ("due from", "due until"), message, "`due until` has to be the larger one")
    if sunset.once < sunset.never:
        message = f"Who reacted once would be asked after {sunset.once} mails, and who never did after {sunset.never}."
        hint = "give those who reacted once at least as many"
        _refuse(inside.sunset, ("reacted once", "never reacted"), message, hint)
    if breaker.slow >= breaker.stop:
        slow, stop = said(breaker.slow, read_share), said(breaker.stop, read_share)
        message = f"The breaker would slow mail down at {slow} only, when it has stopped it at {stop}."
        _refuse(inside.breaker, ("slow", "stop"), message, "`slow` has to be less than `stop`")


def _ceilings_agree(limits: PressurePolicy, inside: Inside) -> None:
    for kind, weight in limits.weights.items():
        rank = MANNERS[kind].priority
        ceiling = limits.ceilings.get(rank)
        if ceiling is not None and ceiling <= weight:
            message = f"No {kind} could ever leave: it weighs {weight:g}, and its ceiling is {ceiling:g}."
            written = next((each for each in inside.ceilings if each in KINDS and _rank(each) == rank), None)
            keys, name = (inside.ceilings, written) if written else (inside.weights, kind.value)
            _refuse(keys, (name,), message, f"write a ceiling above {weight:g}, or a smaller weight")
    own = limits.ceilings[MANNERS[Kind.OFFER].priority]
    if limits.ceiling_due < own:
        message = f"An offer would have less room when its reader is due, {limits.ceiling_due:g}, than else, {own:g}."
        _refuse(inside.ceilings, (OFFER_DUE, Kind.OFFER), message, f"write `{OFFER_DUE}: {own:g}` or more")


def _rank(kind: str) -> int:
    return MANNERS[Kind(kind)].priority


def _refuse(keys: Keys, names: Iterable[str], message: str, hint: str) -> None:
    """A problem at the first of these keys that was written."""
    place = next((keys.place_of(name) for name in names if name in keys), keys.place)
    keys.findings.error(place, "contradiction", message, hint)


def compare_policies(old: Policy, new: Policy) -> str:
    """What changed, in the words of the file: `per week 3 → 4, gap 48 hours → 36 hours`."""
    was, now = dict(_told(old)), dict(_told(new))
    names = dict.fromkeys((*was, *now))
    return ", ".join(
        f"{name} {was.get(name, 'as usual')} → {now.get(name, 'as usual')}"
        for name in names
        if was.get(name) != now.get(name)
    )


def _told(policy: Policy) -> Iterable[tuple[str, str]]:
    """Every setting and its value, both as they are written."""
    yield from ((each.key, said(getattr(policy.caps, each.field), each.read)) for each in LIMITS)
    yield from ((each.key, said(getattr(policy, each.field), each.read)) for each in TIMES)
    yield from ((f"keeps {kind}", said(keeps)) for kind, keeps in policy.keeps.items())
    for group, settings in GROUPS.items():
        part = getattr(policy, group)
        yield from ((f"{group} {each.key}", said(getattr(part, each.field), each.read)) for each in settings)
    yield from ((f"weight of {kind}", said(weight)) for kind, weight in policy.pressure.weights.items())
    for rank, ceiling in policy.pressure.ceilings.items():
        kinds = "/".join(kind.value for kind in Kind if MANNERS[kind].priority == rank)
        yield f"ceiling of {kinds}", said(ceiling)
    yield f"ceiling of {OFFER_DUE}", said(policy.pressure.ceiling_due)
