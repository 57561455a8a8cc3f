"""Draws how one sequence leads to another: lines between the columns that gather on a rail of their own above them."""

from __future__ import annotations

from collections.abc import Iterator

from service.domain.journey_map.blocks import PAD, SMALL
from service.domain.journey_map.lettering import width
from service.domain.journey_map.links import Link
from service.domain.journey_map.page import GAP, HEAD, LANE, MARGIN, RAIL, RIVER, Page, PlacedCard, Rail
from service.domain.journey_map.phrases import plain
from service.domain.journey_map.pictures import COLOURS, ENTRY, PAPER
from service.domain.journey_map.svg import element, number, words

ROUND = 6.0  # of a line's corners


def connections(page: Page) -> Iterator[str]:
    """Each link as a group: its lines first, its name above them."""
    placed = {each.block.card.key: each for each in page.cards}
    drawn = [_link(page, rail, placed) for rail in page.rails]
    yield from (lines for lines, _ in drawn)
    yield from (name for _, name in drawn)


def _link(page: Page, on: Rail, placed: dict[str, PlacedCard]) -> tuple[str, str]:
    link, lane = on.link, on.row
    rail = HEAD + RIVER + RAIL * (lane + 0.6)
    colour = COLOURS[placed[link.to[0]].block.card.stage]
    ways, ends, heads = [], [], []
    for key in link.of:
        card = placed[key]
        x = _lane(page, card.x + page.column + page.spread, lane)
        y = card.y + card.block.height - PAD - LANE * lane
        ways.append(_turn(card.x + page.column, y, x, rail))
        ends.append(x)
    for key in link.to:
        card = placed[key]
        x = _lane(page, card.x, lane)
        y = card.y + PAD + 5 + LANE * 1.6 * lane
        ways.append(_turn(card.x - 7, y, x, rail))
        heads.append(element("path", d=ENTRY, fill=colour, transform=_at(card.x - 6, y)))
        ends.append(x)
    if not link.of:  # it happens any time: down from the river
        ways.append(f"M{number(ends[0])},{number(HEAD + 62)} V{number(rail)}")
    ways.append(f"M{number(min(ends))},{number(rail)} H{number(max(ends))}")
    pen = {"fill": "none", "stroke": colour, "stroke_width": 1.8, "stroke_linecap": "round", "opacity": 0.8}
    lines = element("path", d=" ".join(ways), **pen) + "".join(heads)
    return element("g", lines), _name(page, link, min(ends), rail, colour)


def _lane(page: Page, right: float, lane: int) -> float:
    """The line's own place in the gutter whose right side is `right`."""
    return right - page.gutter + GAP / 2 + LANE * (lane + 0.5)


def _turn(x: float, y: float, lane: float, rail: float) -> str:
    """From a card's side along its height into the lane, and up to the rail."""
    bend = ROUND if lane > x else -ROUND
    return (
        f"M{number(x)},{number(y)} H{number(lane - bend)} "
        f"Q{number(lane)},{number(y)} {number(lane)},{number(y - ROUND)} V{number(rail)}"
    )


def _name(page: Page, link: Link, x: float, rail: float, colour: str) -> str:
    said = " or ".join(map(plain, link.names)) + ("" if link.of else ", at any time")
    end = x + 8 + width(said, SMALL) > page.width - MARGIN
    return words(
        said,
        x - 8 if end else x + 8,
        rail - 3,
        SMALL,
        fill=colour,
        stroke=PAPER,
        stroke_width=3,
        paint_order="stroke",
        font_weight=600,
        text_anchor="end" if end else "start",
    )


def _at(x: float, y: float) -> str:
    return f"translate({number(x)} {number(y)})"
