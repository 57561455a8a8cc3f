"""Where everything stands on the page: cards in columns under their stages, with room between them for the links.

Lengths are units of the drawing; the page has the proportions of A3 on its side, however many units that takes, so
the fewer it takes, the larger it is printed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from service.domain.journey_map.blocks import Block, measure
from service.domain.journey_map.links import Link, links_of
from service.domain.journey_map.story import Story
from service.domain.sequence.vocabulary import Stage

PAPER = 420 / 297  # A3, landscape
MARGIN = 44
HEAD = 118  # the business's name
RIVER = 116  # the river, and the names of the stages below it
FOOT = 60  # the legend
GAP = 20  # between two cards
LANE = 4  # between two links side by side
RAIL = 18  # between two links one above the other
COLUMNS = range(214, 330, 8)  # how wide a column may be
MOST_COLUMNS = 10
SMALLEST = 1_000  # or a short journey would be shouted
ROOMY = 60  # how much further apart columns may stand than they must
NEARLY = 1.03  # a page so much larger than the smallest is as good
STRETCHES = (2.6, 2.2, 1.8, 1.4, 1.0)  # of the way from touch to touch, on a page with room
SHARED = 5  # a name that ends more sequences than this happens any time: it comes from the river


@dataclass(frozen=True, slots=True)
class PlacedCard:
    block: Block
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Reach:
    """A stage's columns, from `left` to `right`."""

    stage: Stage
    left: float
    right: float


@dataclass(frozen=True, slots=True)
class Rail:
    """A link, and the row above the cards on which it runs; the same number is its lane between the columns."""

    link: Link
    row: int


Shares = Mapping[Stage, Sequence[Sequence[Block]]]


@dataclass(frozen=True, slots=True)
class Page:
    """`column` is how wide a card is, `gutter` the room for links on its left, `spread` from one card to the next."""

    story: Story
    width: float
    height: float
    column: float
    gutter: float
    spread: float
    reaches: tuple[Reach, ...]
    cards: tuple[PlacedCard, ...]
    rails: tuple[Rail, ...]


def lay_out(story: Story) -> Page:
    """The page on which the letters come out largest, or as good as that with more room in the columns."""
    fewest = max(len(story.stages), 1)
    most = max(fewest, min(MOST_COLUMNS, len(story.cards)))
    tried = [_try(story, columns, width) for columns in range(fewest, most + 1) for width in COLUMNS]
    smallest = min(page.width for page in tried)
    return max((page for page in tried if page.width <= smallest * NEARLY), key=lambda page: page.column)


def _try(story: Story, columns: int, column: float) -> Page:
    for stretch in STRETCHES:
        shares = _share_out(story, {card.key: measure(card, column, stretch) for card in story.cards}, columns)
        rails = _rails(story, shares)
        rows = max((rail.row + 1 for rail in rails), default=0)
        gutter = GAP + LANE * rows
        top = HEAD + RIVER + RAIL * rows + 12
        high = top + max((_height(part) for parts in shares.values() for part in parts), default=0) + FOOT + MARGIN
        wide = 2 * MARGIN + columns * column + (columns + 1) * gutter
        if wide >= high * PAPER:
            break
    width = max(wide, high * PAPER, SMALLEST)
    height = width / PAPER
    spread = gutter + min((width - wide) / columns, ROOMY)
    left = (width - columns * column - (columns - 1) * spread) / 2
    cards, reaches = _place(shares, column, spread, (left, top, height - FOOT - MARGIN))
    return Page(story, width, height, column, gutter, spread, reaches, cards, rails)


def _place(
    shares: Shares, column: float, spread: float, room: tuple[float, float, float]
) -> tuple[tuple[PlacedCard, ...], tuple[Reach, ...]]:
    """Cards and reaches; `room` is (left, top, bottom)."""
    x, top, bottom = room
    cards: list[PlacedCard] = []
    reaches: list[Reach] = []
    for stage, parts in shares.items():
        left = x
        for part in parts:
            y = top
            spare = (bottom - top - _height(part)) / max(len(part) - 1, 1)
            for block in part:
                cards.append(PlacedCard(block, x, y))
                y += block.height + GAP + min(spare, 1.2 * GAP)
            x += column + spread
        reaches.append(Reach(stage, left, x - spread))
    return tuple(cards), tuple(reaches)


def _share_out(story: Story, blocks: Mapping[str, Block], columns: int) -> Shares:
    """Each stage's blocks in its columns; the stage whose column is the highest gets the next free one."""
    stages = {stage: [blocks[card.key] for card in story.of(stage)] for stage in story.stages}
    shares: dict[Stage, list[list[Block]]] = {stage: [part] for stage, part in stages.items()}
    for _ in range(columns - len(stages)):
        growing = [stage for stage in stages if len(shares[stage]) < len(stages[stage])]
        if not growing:
            break
        highest = max(growing, key=lambda stage: max(map(_height, shares[stage])))
        shares[highest] = _parted(stages[highest], len(shares[highest]) + 1)
    return shares


def _parted(blocks: list[Block], into: int) -> list[list[Block]]:
    """The blocks in so many columns, none empty, in their order, the highest of them as low as can be."""
    best: dict[tuple[int, int], list[list[Block]]] = {(end, 1): [blocks[:end]] for end in range(1, len(blocks) + 1)}
    for parts in range(2, into + 1):
        for end in range(parts, len(blocks) + 1):
            ways = ([*best[start, parts - 1], blocks[start:end]] for start in range(parts - 1, end))
            best[end, parts] = min(ways, key=lambda way: max(map(_height, way)))
    return best[len(blocks), into]


def _height(blocks: Sequence[Block]) -> float:
    return sum(block.height for block in blocks) + GAP * (len(blocks) - 1)


def _rails(story: Story, shares: Shares) -> tuple[Rail, ...]:
    """Each link on the first row that is free between all the gutters it uses."""
    parts = [part for stage in shares.values() for part in stage]
    column = {block.card.key: at for at, part in enumerate(parts) for block in part}
    taken: list[list[range]] = []
    rails = []
    for link in links_of(story, SHARED):
        gutters = [column[key] + 1 for key in link.of] + [column[key] for key in link.to]
        needs = range(min(gutters), max(gutters) + 2)  # one more, for its name
        row = next((at for at, row in enumerate(taken) if all(_apart(needs, each) for each in row)), len(taken))
        if row == len(taken):
            taken.append([])
        taken[row].append(needs)
        rails.append(Rail(link, row))
    return tuple(rails)


def _apart(one: range, other: range) -> bool:
    return one.stop <= other.start or other.stop <= one.start
