"""Nothing overlaps, however many sequences there are and however long their words."""

from __future__ import annotations

from itertools import combinations

import pytest

from service.domain.journey_map.blocks import AXIS, BESIDE, INDENT, LINE, PAD, SMALL, TIMES, TITLE, WORDS
from service.domain.journey_map.lettering import BOLD, shorten, width, wrap
from service.domain.journey_map.page import GAP, LANE, PAPER, Page, PlacedCard, lay_out
from service.domain.journey_map.story import tell
from service.domain.sequence.model.library import Library
from tests.domain.journey_map.business import journey, salon

LONG = "Donaudampfschifffahrtsgesellschaftskapitänsmützen und WWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWW und 漢字漢字漢字"
LIBRARIES = {
    "the salon's": salon(),
    "one": journey(1),
    "three": journey(3),
    "twenty": journey(20),
    "sixty": journey(60, steps=2),
    "twenty with endless words": journey(20, title=LONG, step=LONG[:80]),
    "one of a hundred steps": journey(1, steps=100),
}


@pytest.fixture(scope="module", params=LIBRARIES.values(), ids=LIBRARIES)
def page(request: pytest.FixtureRequest) -> Page:
    library = request.param
    assert isinstance(library, Library)
    return lay_out(tell(library))


def test_every_sequence_has_its_card_under_its_stage(page: Page) -> None:
    assert [each.block.card.key for each in page.cards] != []
    assert {each.block.card.key for each in page.cards} == {card.key for card in page.story.cards}
    reaches = {reach.stage: reach for reach in page.reaches}
    for placed in page.cards:
        reach = reaches[placed.block.card.stage]
        assert reach.left - 0.01 <= placed.x
        assert placed.x + page.column <= reach.right + 0.01


def test_the_page_has_the_proportions_of_a3_and_holds_every_card(page: Page) -> None:
    assert page.width / page.height == pytest.approx(PAPER)
    for placed in page.cards:
        assert placed.x > page.gutter
        assert placed.x + page.column < page.width
        assert placed.y + placed.block.height < page.height


def test_no_card_touches_another(page: Page) -> None:
    for one, other in combinations(page.cards, 2):
        beside = (
            one.x + page.column + page.gutter <= other.x + 0.01 or other.x + page.column + page.gutter <= one.x + 0.01
        )
        above = one.y + one.block.height + GAP <= other.y + 0.01 or other.y + other.block.height + GAP <= one.y + 0.01
        assert beside or above, (one.block.card.key, other.block.card.key)


def test_no_touch_of_a_card_stands_in_another_ones_words(page: Page) -> None:
    for placed in page.cards:
        bottoms = [
            placed.block.head,
            *(stop.y + 8 + WORDS * LINE * (len(stop.lines) - 1) for stop in placed.block.stops),
        ]
        tops = [*(stop.y - 8 for stop in placed.block.stops), placed.block.foot]
        assert all(bottom <= top + 0.01 for bottom, top in zip(bottoms, tops, strict=True))
        assert placed.block.foot <= placed.block.height


def test_every_line_of_words_fits_into_its_place(page: Page) -> None:
    for placed in page.cards:
        for text, size, room in _lines(placed):
            assert width(text, size) <= room, text


def _lines(placed: PlacedCard) -> list[tuple[str, float, float]]:
    block = placed.block
    inside = block.column - 2 * PAD
    return [
        *((line, TITLE * BOLD, inside) for line in block.title),
        *((line, SMALL, inside - INDENT) for line in (*block.trigger, *block.when, *block.goal, *block.leaving)),
        *((line, SMALL, TIMES) for stop in block.stops for line in stop.time),
        *((line, WORDS, block.column - AXIS - BESIDE - PAD) for stop in block.stops for line in stop.lines),
    ]


def test_links_have_room_between_the_columns_and_rails_of_their_own(page: Page) -> None:
    rows = max((rail.row for rail in page.rails), default=0)
    assert page.gutter >= GAP + LANE * rows
    assert page.spread >= page.gutter - 0.01


@pytest.mark.parametrize("text", ["short", LONG, "", "a " * 200, "…" * 50])
def test_words_are_broken_and_shortened_to_their_room(text: str) -> None:
    lines = wrap(text, 12, 100, 2)
    assert len(lines) <= 2
    assert all(width(line, 12) <= 100 for line in lines)
    assert width(shorten(text, 12, 60), 12) <= 60


def test_what_fits_is_left_as_it_is() -> None:
    assert wrap("one two", 10, 500, 2) == ("one two",)
    assert wrap("one two three", 10, width("one two", 10), 3) == ("one two", "three")
    assert shorten("one", 10, 500) == "one"
