"""Writes the map as SVG: the river of stages, below it the sequences as lines of touches, and how they link."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from service.domain.journey_map.cards import card
from service.domain.journey_map.connections import connections
from service.domain.journey_map.lettering import width
from service.domain.journey_map.page import FOOT, HEAD, MARGIN, Page, Reach, lay_out
from service.domain.journey_map.pictures import COLOURS, EXIT, FLAG, MEANING, MUTED, PAPER, PEOPLE, stroke, touch
from service.domain.journey_map.river import counted, head, river
from service.domain.journey_map.story import Sort, Story, tell
from service.domain.journey_map.svg import SANS, element, number, said, words
from service.domain.sequence.model.library import Library

SIGN = 14.0  # size of the legend's letters


def draw(library: Library, day: date) -> str:
    """The map of a library as a whole SVG 1.1 document, dated `day`, for A3 on its side. The same in, the same out."""
    page = lay_out(tell(library))
    parts = [
        said("title", f"{page.story.business}: the journey of a client"),
        said("desc", _described(page.story)),
        element("rect", width=page.width, height=page.height, fill=PAPER),
        *(_bed(page, reach) for reach in page.reaches),
        head(page, day),
        river(page),
        *connections(page),
        *(card(page, placed) for placed in page.cards),
        *_legend(page),
    ]
    svg = element(
        "svg",
        *(f"\n{part}" for part in parts),
        "\n",
        xmlns="http://www.w3.org/2000/svg",
        width="420mm",
        height="297mm",
        viewBox=f"0 0 {number(page.width)} {number(page.height)}",
        role="img",
        font_family=SANS,
    )
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{svg}\n'


def _described(story: Story) -> str:
    """The whole map in words, for those who don't see it."""
    told = [f"{counted(story)}."]
    for each in story.cards:
        touches = ", ".join(f"{stop.time}: {stop.title} ({MEANING[stop.sort]})" for stop in each.stops)
        told.append(f"{each.title} ({each.stage}; begins: {each.trigger}): {touches}.")
    return " ".join(told)


def _bed(page: Page, reach: Reach) -> str:
    """The stage's ground below the river, in a breath of its colour."""
    top, bottom = HEAD + 36, page.height - FOOT - MARGIN / 2
    left, right = reach.left - page.gutter / 2, reach.right + page.gutter / 2
    colour = COLOURS[reach.stage]
    return element("rect", x=left, y=top, width=right - left, height=bottom - top, rx=18, fill=colour, opacity=0.07)


def _legend(page: Page) -> Iterator[str]:
    """What the pictures mean, in as many rows as it takes."""
    x, y = float(MARGIN), page.height - FOOT + 4
    for picture, meaning in _signs(page.story):
        wide = width(meaning, SIGN) + 52
        if x + wide > page.width - MARGIN:
            x, y = MARGIN, y + 26
        yield element("g", picture, transform=f"translate({number(x + 12)} {number(y)})")
        yield words(meaning, x + 30, y + 4.5, SIGN, fill=MUTED)
        x += wide


def _signs(story: Story) -> Iterator[tuple[str, str]]:
    """The pictures in use, and what each means."""
    stops = [stop for each in story.cards for stop in each.stops]
    for sort in Sort:
        if any(stop.sort is sort for stop in stops):
            yield touch(sort, MUTED), MEANING[sort]
    if any(stop.conditional for stop in stops):
        yield (
            element("circle", r=10, fill="none", stroke=PEOPLE, stroke_width=1.6, stroke_dasharray="3.1 2.4"),
            "asked first",
        )
    if any(stop.waits for stop in stops):
        yield (
            element(
                "line", y1=-9, y2=10, stroke=MUTED, stroke_width=2.4, stroke_linecap="round", stroke_dasharray="0.1 5"
            ),
            "waits for an answer",
        )
    if any(each.goal for each in story.cards):
        yield stroke(FLAG, MUTED), "the goal"
    if any(each.leaving for each in story.cards):
        yield stroke(EXIT, MUTED), "ends it early"
