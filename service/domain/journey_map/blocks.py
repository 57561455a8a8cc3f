"""A card's words broken into lines, and how high that makes it. Lengths are units of the drawing."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from service.domain.journey_map.lettering import BOLD, wrap
from service.domain.journey_map.story import Card, Stop

TITLE, SMALL, WORDS = 18.0, 12.5, 14.0  # sizes of letters
LINE = 1.28  # of a line of text, in sizes
PAD = 12
INDENT = 16  # of the lines behind a small picture
AXIS = 89  # from a card's left edge to the line of touches
BESIDE = 18  # from that line to the words on both sides of it
TIMES = AXIS - BESIDE - PAD + 4  # room for `5 days` and below it `before`
NEXT = 28  # the shortest way from one touch to the next
STRETCH = 5.5  # how much longer for each doubling of the days between


@dataclass(frozen=True, slots=True)
class PlacedStop:
    """A touch: `y` of its picture's middle, counted from the card's top; the lines of its time and title."""

    stop: Stop
    y: float
    time: tuple[str, ...]
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Block:
    """A card in lines. Heights count from its top: `head` is where the touches begin, `foot` where they end."""

    card: Card
    column: float  # how wide it is
    title: tuple[str, ...]
    trigger: tuple[str, ...]
    when: tuple[str, ...]
    stops: tuple[PlacedStop, ...]
    goal: tuple[str, ...]
    leaving: tuple[str, ...]
    head: float
    foot: float
    height: float


def measure(card: Card, column: float, stretch: float) -> Block:
    """A card of a column's width; `stretch` times the usual length for the days between its touches."""
    room = column - 2 * PAD
    title = wrap(card.title, TITLE * BOLD, room, 2)
    trigger = wrap(card.trigger, SMALL, room - INDENT, 2)
    when = wrap(f"if {card.when}", SMALL, room - INDENT, 2) if card.when else ()
    goal = wrap(card.goal, SMALL, room - INDENT, 2) if card.goal else ()
    leaving = wrap(card.leaving, SMALL, room - INDENT, 3) if card.leaving else ()
    head = PAD + len(title) * TITLE * LINE + (len(trigger) + len(when)) * SMALL * LINE + 18
    stops = tuple(_stops(card.stops, head + 10, column - AXIS - BESIDE - PAD, stretch))
    foot = stops[-1].y + _below(stops[-1]) + 20 if stops else head
    height = foot + (len(goal) + len(leaving)) * SMALL * LINE + (PAD if goal or leaving else 0)
    return Block(card, column, title, trigger, when, stops, goal, leaving, head, foot, height)


def _stops(stops: Sequence[Stop], y: float, room: float, stretch: float) -> Iterator[PlacedStop]:
    before: PlacedStop | None = None
    for stop in stops:
        if before is not None:
            days = max(stop.day - before.stop.day, 0)
            y += NEXT + _below(before) + stretch * STRETCH * math.log2(1 + days)
        before = PlacedStop(stop, y, wrap(stop.time, SMALL, TIMES, 2), wrap(stop.title, WORDS, room, 2))
        yield before


def _below(stop: PlacedStop) -> float:
    """How far a touch's words reach below those of a touch with one line."""
    return max((len(stop.lines) - 1) * WORDS * LINE, (len(stop.time) - 1) * SMALL * LINE / 2)
