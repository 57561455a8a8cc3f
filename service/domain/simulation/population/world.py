"""A world: what is assumed of its people, and of what mail does to them. Read from JSON, every value bounded."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from service.domain.sequence.spelling import did_you_mean
from service.domain.sequence.vocabulary import Kind

MAX_BYTES = 100_000
LONGEST_NAME = 60
KINDS = tuple(kind for kind in Kind if kind is not Kind.SERVICE)


class WorldError(Exception):
    """A world that can't be read; the message says where, and what may stand there."""


@dataclass(frozen=True, slots=True)
class World:
    """Section 3g of the research: assumed, not fitted. Times in days, shares and chances from 0 to 1.

    People: median and spread (of a lognormal) of `tolerance` and of the visiting `interval`; interest correlates with
    tolerance by `interest_with_tolerance`; `churn` a year; `dormant` have not come for long; the oldest clients came
    `oldest` days ago for the first time; `new` have never come, and sign up within the first `joining` days.

    Mail: fatigue leaks by `fatigue_half_life`, irrelevant mail adds up to `irrelevance` more. `notice` times a
    person's attention is the chance of a mail to be noticed; each ignored one takes `erosion` of the attention, which
    comes back by half in `recovery` days. `clicks` is the chance of a click on a noticed mail of full relevance,
    `first_answer` that of the answers offered the first is given. Leaving: `leave` · (1 − `relevance_keeps` ·
    relevance) · e^(`fatigue_drives` · fatigue / tolerance) for each mail; a share of `complaint` complains.

    Bookings: `organic` is how strongly people come by themselves; a noticed mail brings a booking by `push` of its
    kind · `mail_effect` · need · `follow_up`^(mails of its enrolment before it). `news_every`, `offer_every`: a
    newsletter and an offer to everybody every so many days, 0 for none.
    """

    name: str
    tolerance: float
    tolerance_spread: float
    interest_with_tolerance: float
    interval: float
    interval_spread: float
    churn: float
    dormant: float
    oldest: int
    new: float
    joining: int
    hidden_opens: float
    fatigue_half_life: float
    irrelevance: float
    notice: float
    erosion: float
    recovery: float
    clicks: float
    first_answer: float
    leave: float
    relevance_keeps: float
    fatigue_drives: float
    complaint: float
    organic: float
    mail_effect: float
    follow_up: float
    push: Mapping[Kind, float]
    relevance: Mapping[Kind, float]
    news_every: int
    offer_every: int

    @property
    def without_campaigns(self) -> World:
        """The journeys alone."""
        return replace(self, name=f"{self.name}, journeys alone", news_every=0, offer_every=0)

    def plain(self) -> dict[str, Any]:
        """Its parameters as the file has them."""
        told = {each.name: getattr(self, each.name) for each in fields(self) if each.name != "name"}
        return told | {name: {kind.value: told[name][kind] for kind in KINDS} for name in BY_KIND}


BY_KIND = ("push", "relevance")
WHOLE = ("oldest", "joining", "news_every", "offer_every")
BOUNDS: Mapping[str, tuple[float, float]] = {
    "tolerance": (0.1, 100),
    "tolerance_spread": (0, 3),
    "interest_with_tolerance": (-1, 1),
    "interval": (7, 365),
    "interval_spread": (0, 2),
    "oldest": (1, 3650),
    "joining": (1, 3650),
    "fatigue_half_life": (0.1, 365),
    "irrelevance": (0, 10),
    "recovery": (1, 3650),
    "fatigue_drives": (0, 5),
    "organic": (0, 50),
    "mail_effect": (0, 20),
    "news_every": (0, 365),
    "offer_every": (0, 365),
}
SHARE = (0.0, 1.0)  # every other value


def read_worlds(data: bytes, section: str = "altered") -> dict[str, World]:
    """The worlds of the file that is shipped, by name; the first is `base`. Raises WorldError.

    `section`: `altered`, on which policies are judged, or `beside`, which are worth a look.
    """
    whole = _object(data, "worlds.json")
    base = _world("base", _required(whole["base"]))
    return {"base": base} | {name: alter(base, told, name) for name, told in whole[section].items()}


def read_world(path: str, data: bytes, base: World) -> World:
    """A world of somebody's own: what the file leaves out is as in `base`. Raises WorldError."""
    told = _object(data, path)
    name = told.pop("name", "of one’s own")
    if not isinstance(name, str) or not name.isprintable() or len(name) > LONGEST_NAME:
        raise WorldError(f"{path}: `name` is a text of at most {LONGEST_NAME} characters, on one line.")
    try:
        return alter(base, told, name)
    except WorldError as error:
        raise WorldError(f"{path}: {error}") from None


def alter(base: World, told: Mapping[str, Any], name: str) -> World:
    """The base world with other values. Raises WorldError for a key that isn't known, or a value out of bounds."""
    return _world(name, base.plain() | {key: _merged(base, key, value) for key, value in told.items()})


def _merged(base: World, key: str, value: Any) -> Any:
    """A table by kind names only the kinds that differ."""
    if key not in BY_KIND or not isinstance(value, dict):
        return value
    return base.plain()[key] | value


def _required(told: Mapping[str, Any]) -> Mapping[str, Any]:
    missing = [each.name for each in fields(World) if each.name != "name" and each.name not in told]
    if missing:
        raise WorldError(f"the base world lacks {', '.join(missing)}.")
    return told


def _world(name: str, told: Mapping[str, Any]) -> World:
    known = [each.name for each in fields(World) if each.name != "name"]
    values: dict[str, Any] = {}
    for key, value in told.items():
        if key not in known:
            raise WorldError(f"`{key}` is no parameter of a world ({did_you_mean(key, known)}).")
        values[key] = _table(key, value) if key in BY_KIND else _number(key, value, *BOUNDS.get(key, SHARE))
    return World(name, **values)


def _table(key: str, value: Any) -> dict[Kind, float]:
    names = [kind.value for kind in KINDS]
    if not isinstance(value, dict):
        raise WorldError(f"`{key}` is an object, a number for each kind of mail.")
    for kind in value:
        if kind not in names:
            raise WorldError(f"`{key}`: `{kind}` is no kind of marketing mail ({did_you_mean(kind, names)}).")
    missing = [kind for kind in names if kind not in value]
    if missing:
        raise WorldError(f"`{key}` lacks {', '.join(missing)}.")
    return {kind: _number(f"{key}: {kind.value}", value[kind.value], *SHARE) for kind in KINDS}


def _number(key: str, value: Any, low: float, high: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise WorldError(f"`{key}` is {json.dumps(value)}; it has to be a number from {low:g} to {high:g}.")
    if key in WHOLE and not isinstance(value, int):
        raise WorldError(f"`{key}` is {value}; it has to be a whole number of days.")
    return value


def _object(data: bytes, path: str) -> dict[str, Any]:
    if len(data) > MAX_BYTES:
        raise WorldError(f"{path} is larger than {MAX_BYTES:,} bytes.")
    try:
        told = json.loads(data.decode(), object_pairs_hook=_once)
    except UnicodeDecodeError:
        raise WorldError(f"{path} is no text in UTF-8.") from None
    except json.JSONDecodeError as error:
        raise WorldError(f"{path}:{error.lineno}:{error.colno}: no JSON: {error.msg}.") from None
    except (WorldError, RecursionError) as error:
        raise WorldError(f"{path}: {error}") from None
    if not isinstance(told, dict):
        raise WorldError(f'{path}: a world is an object, such as {{"tolerance": 2.5}}.')
    return told


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    told = dict(pairs)
    if len(told) < len(pairs):
        names = [name for name, _ in pairs]
        raise WorldError(f"`{next(name for name in names if names.count(name) > 1)}` stands there twice.")
    return told
