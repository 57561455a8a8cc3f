"""Loops: sequences that lead people into one another for ever, by `Enrol`, `Set: contact.stage` or `Tag`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from jinja2 import nodes

from service.domain.sequence.findings import Fault, Findings
from service.domain.sequence.model.sequence import Sequence as Written
from service.domain.sequence.model.step import Action
from service.domain.sequence.riding import read_set, read_tags
from service.domain.sequence.syntax import parse


@dataclass(frozen=True, slots=True)
class _Way:
    """From one sequence into another, by an action."""

    to: str
    action: Action


def check_loops(sequences: Iterable[Written], findings: Findings) -> None:
    """A problem for each loop, at the action that closes it."""
    written = sorted(sequences, key=lambda each: each.key)
    doors = _doors(written)
    ways = {each.key: list(_ways(each, doors)) for each in written}
    told: set[frozenset[str]] = set()
    for each in written:
        path = _back_to(each.key, ways)
        if path is None or frozenset(way.to for way in path) in told:
            continue
        told.add(frozenset(way.to for way in path))
        round_trip = " → ".join(f"`{key}`" for key in (each.key, *(way.to for way in path)))
        message = f"This goes round in a circle: {round_trip}."
        if len(path) == 1:
            message = f"This leads from `{each.key}` into itself, round in a circle."
        hint = "take one of these actions away; what shall come again is written `again:`"
        findings.error(path[-1].action.place, "loop", message, hint)


def _doors(sequences: Sequence[Written]) -> Mapping[tuple[str, str], list[str]]:
    """Who is let in by what: (`becomes`, stage), (`tagged`, tag) and (`enrol`, key) -> keys."""
    doors: dict[tuple[str, str], list[str]] = {("enrol", each.key): [each.key] for each in sequences}
    for each in sequences:
        for trigger in each.enrol.on:
            if trigger.on in {"becomes", "tagged"}:
                doors.setdefault((trigger.on, trigger.name), []).append(each.key)
    return doors


def _ways(sequence: Written, doors: Mapping[tuple[str, str], list[str]]) -> Iterator[_Way]:
    for step in sequence.steps:
        for action in step.actions:
            for door in _opened(action, step.key):
                yield from (_Way(key, action) for key in doors.get(door, ()))


def _opened(action: Action, step: str) -> list[tuple[str, str]]:
    """The doors that an action opens."""
    try:
        if action.verb == "tag":
            return [("tagged", tag) for tag in read_tags(action.text)[0]]
        if action.verb == "set":
            assigned = read_set(action.text, action.place, step)
            tree = parse(assigned.value.source)
            found = [tree, *tree.find_all(nodes.Const)]
            stages = [each.value for each in found if isinstance(each, nodes.Const) and isinstance(each.value, str)]
            return [("becomes", stage) for stage in stages] if assigned.field == "stage" else []
    except Fault:  # told where actions are read
        return []
    return [("enrol", action.text)] if action.verb == "enrol" else []


def _back_to(start: str, ways: Mapping[str, Sequence[_Way]]) -> list[_Way] | None:
    """The shortest way from a sequence back into it; None where there is none."""
    reached: dict[str, list[_Way]] = {start: []}
    waiting = [start]
    while waiting:
        at = waiting.pop(0)
        for way in ways.get(at, ()):
            if way.to == start:
                return [*reached[at], way]
            if way.to not in reached:
                reached[way.to] = [*reached[at], way]
                waiting.append(way.to)
    return None
