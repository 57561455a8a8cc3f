"""Two rows that speak of one person become one: what is filled in, and which ways through a sequence are the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from service.domain.sequence.model.enrol import Again
from service.domain.sequence.model.sequence import Sequence as Journey
from service.domain.sequence.names import PERSONAL

FURTHER = ("lead", "lapsed", "former", "client")  # of two stages the later of these holds
FILLED = (*PERSONAL, "source", "referral_code")
EARLIEST = ("client_since", "created_at")
LATEST = ("dealt_at", "paused_until", "caught_up_at", "sunset_at")
HOLDS = frozenset({"active", "finished", "converted"})  # who was taken out of one may still live the other
NOT_ENTERED = frozenset({"awaited", "declined"})


@dataclass(frozen=True, slots=True)
class Way:
    """One way through one sequence, as far as it takes to tell doubles. `mine`: of the contact that stays."""

    id: int
    sequence: str
    state: str
    trigger_key: str
    about: str | None
    passed: int
    mine: bool


def filled(stays: Mapping[str, Any], goes: Mapping[str, Any]) -> dict[str, Any]:
    """The columns that change in the row that stays: gaps are filled, and what either said no to stays no."""
    changed: dict[str, Any] = {name: goes[name] for name in FILLED if stays[name] is None and goes[name] is not None}
    for names, choose in ((EARLIEST, min), (LATEST, max)):
        for name in names:
            changed[name] = choose((each for each in (stays[name], goes[name]) if each is not None), default=None)
    changed["stage"] = max((stays["stage"], goes["stage"]), key=FURTHER.index)
    changed["less_often"] = stays["less_often"] or goes["less_often"]
    changed["fields"] = {**goes["fields"], **stays["fields"]}
    changed["tags"] = [*dict.fromkeys([*stays["tags"], *goes["tags"]])]
    return {name: value for name, value in changed.items() if value != stays[name]}


@dataclass(frozen=True, slots=True)
class Doubles:
    """Which ways end: each with the one that holds instead, None where it is reckoned anew. `behind` are, for each that
    goes on, those whose steps it must not bring again."""

    ended: Mapping[int, int | None]
    behind: Mapping[int, tuple[int, ...]]


def doubles(ways: Sequence[Way], journeys: Mapping[str, Journey]) -> Doubles:
    """Of two ways through one sequence the one that is further goes on, and none where one has run its course.

    What only waits to begin for the row that goes is waited for anew, and so is what a system mail asked of an address
    that is nobody's any more.
    """
    ended: dict[int, int | None] = {
        way.id: None for way in ways if not way.mine and (way.state == "awaited" or _is_asked(way))
    }
    behind: dict[int, tuple[int, ...]] = {}
    active = sorted((way for way in ways if way.state == "active" and way.id not in ended), key=_how_far)
    for way in active:
        same = [each for each in ways if _is_same(way, each, journeys.get(way.sequence)) and each.id not in ended]
        holders = [each for each in same if each.state in HOLDS]
        if holders:
            ended[way.id] = max(holders, key=_how_far).id
    for way in active:
        if way.id not in ended:
            had = [each.id for each in ways if _is_same(way, each, journeys.get(way.sequence)) and each.passed]
            behind[way.id] = tuple(had)
    return Doubles(ended, {holder: had for holder, had in behind.items() if had})


def _is_same(way: Way, other: Way, journey: Journey | None) -> bool:
    """Whether one person would get twice what both bring: two that run for the same reason, or one where the sequence
    is lived once."""
    if other.mine == way.mine or other.sequence != way.sequence or other.state in NOT_ENTERED:
        return False
    if way.about is not None and other.about is not None and way.about != other.about:
        return journey is None or journey.enrol.again is Again.NEVER
    is_once = journey is None or journey.enrol.again is not Again.ALWAYS
    return is_once or other.state == "active" or way.trigger_key == other.trigger_key


def _is_asked(way: Way) -> bool:
    return way.sequence.startswith("(") and way.state == "active"


def _how_far(way: Way) -> tuple[bool, int, bool]:
    """What is over is furthest; of two alike the one that stays."""
    return (way.state != "active", way.passed, way.mine)
