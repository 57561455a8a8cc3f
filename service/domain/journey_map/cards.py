"""Draws a sequence as a card: who enters, the line of its touches, its goal, and what ends it early."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from service.domain.journey_map.blocks import AXIS, BESIDE, INDENT, LINE, PAD, SMALL, TITLE, WORDS, Block, PlacedStop
from service.domain.journey_map.page import Page, PlacedCard
from service.domain.journey_map.pictures import (
    CARD,
    COLOURS,
    ENTRY,
    EXIT,
    FLAG,
    HAIR,
    INK,
    MUTED,
    PEOPLE_INK,
    stroke,
    touch,
)
from service.domain.journey_map.svg import SERIF, element, number, said, words
from service.domain.sequence.model.sequence import Status


def card(page: Page, placed: PlacedCard) -> str:
    """A card at its place."""
    block = placed.block
    colour = COLOURS[block.card.stage]
    live = block.card.status is Status.LIVE
    edge: dict[str, object] = {"stroke": HAIR} if live else {"stroke": colour, "stroke_dasharray": "6 5"}
    parts = [
        said("title", f"{block.card.title}. Begins: {block.card.trigger}."),
        element("rect", width=page.column, height=block.height, rx=12, fill=CARD, stroke_width=1.4, **edge),
        element("rect", x=PAD, y=-2, width=46, height=4, rx=2, fill=colour),
        *_head(block, colour),
        *_line(block, colour),
        *(_stop(stop, colour) for stop in block.stops),
        *_foot(block, page.column, colour),
    ]
    return element("g", *parts, transform=_at(placed.x, placed.y))


def _head(block: Block, colour: str) -> Iterator[str]:
    y = PAD + TITLE
    yield from _lines(block.title, PAD, y, TITLE, font_family=SERIF, font_weight=700, fill=INK)
    y += (len(block.title) - 1) * TITLE * LINE + SMALL * LINE + 9
    yield element("path", d=ENTRY, fill=colour, transform=_at(PAD + 3, y - 4))
    yield from _lines(block.trigger, PAD + INDENT, y, SMALL, fill=MUTED, font_weight=600)
    y += len(block.trigger) * SMALL * LINE
    yield from _lines(block.when, PAD + INDENT, y, SMALL, fill=MUTED, font_style="italic")


def _lines(lines: Iterable[str], x: float, y: float, size: float, **style: object) -> Iterator[str]:
    for at, line in enumerate(lines):
        yield words(line, x, y + at * size * LINE, size, **style)


def _at(x: float, y: float) -> str:
    return f"translate({number(x)} {number(y)})"


def _line(block: Block, colour: str) -> Iterator[str]:
    """The line from touch to touch, dotted where it waits for somebody."""
    before = block.head - 4
    for stop in block.stops:
        pen: dict[str, object] = {"stroke_width": 2.4, "stroke_linecap": "round"}
        if stop.stop.waits:
            pen["stroke_dasharray"] = "0.1 5"
        yield element("line", x1=AXIS, y1=before, x2=AXIS, y2=stop.y - 13, stroke=colour, **pen)
        before = stop.y + 12


def _stop(placed: PlacedStop, colour: str) -> str:
    stop = placed.stop
    first = placed.y + 4
    beside = first - (len(placed.time) - 1) * SMALL * LINE / 2
    return element(
        "g",
        said("title", stop.full),
        *_lines(placed.time, AXIS - BESIDE, beside, SMALL, text_anchor="end", fill=MUTED),
        element("g", touch(stop.sort, colour, conditional=stop.conditional), transform=_at(AXIS, placed.y)),
        *_lines(placed.lines, AXIS + BESIDE, first, WORDS, fill=PEOPLE_INK if stop.sort.by_people else INK),
    )


def _foot(block: Block, column: float, colour: str) -> Iterator[str]:
    if not (block.goal or block.leaving):
        return
    y = block.foot
    yield element("line", x1=PAD, x2=column - PAD, y1=y, y2=y, stroke=HAIR, stroke_width=1)
    y += SMALL + 5
    for sign, lines, ink in ((FLAG, block.goal, colour), (EXIT, block.leaving, MUTED)):
        if lines:
            yield stroke(sign, ink, transform=f"{_at(PAD + 5, y - 4)} scale(0.8)")
            yield from _lines(lines, PAD + INDENT, y, SMALL, fill=ink)
            y += len(lines) * SMALL * LINE + 1
