"""Draws the head of the page: the business's name, and the river on which people travel from stage to stage."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import date

from service.domain.journey_map.lettering import shorten
from service.domain.journey_map.page import HEAD, MARGIN, Page, Reach
from service.domain.journey_map.pictures import CARD, COLOURS, INK, MUTED, PEOPLE_OF
from service.domain.journey_map.story import Story
from service.domain.journey_map.svg import SERIF, element, number, words

MIDDLE = HEAD + 36
THIN, BROAD = 18.0, 30.0  # half its width, where it springs and where it ends
WAVE, WAVELENGTH = 5.0, 260.0


def head(page: Page, day: date) -> str:
    """The business's name, what this is, and how many touches there are."""
    room = page.width - 2 * MARGIN
    name, line = shorten(page.story.business, 46, room), f"{counted(page.story)} · {day.day} {day:%B %Y}"
    return "".join(
        (
            words(name, MARGIN, 58, 46, font_family=SERIF, font_style="italic", fill=INK),
            words("The journey of a client", MARGIN, 86, 19, font_family=SERIF, fill=INK),
            words(shorten(line, 13, room), MARGIN, 108, 13, fill=MUTED),
        )
    )


def counted(story: Story) -> str:
    """`18 sequences · 40 mails · 21 touches by people`."""
    counts = (
        (len(story.cards), "sequence", "sequences"),
        (story.count(by_people=False), "mail", "mails"),
        (story.count(by_people=True), "touch by people", "touches by people"),
    )
    return " · ".join(f"{count} {one if count == 1 else many}" for count, one, many in counts)


def river(page: Page) -> str:
    """A band across the page that gets broader, in the colours of the stages it passes."""
    colours = "".join(
        element("stop", offset=f"{number(100 * _middle(reach) / page.width)}%", stop_color=COLOURS[reach.stage])
        for reach in page.reaches
    )
    gradient = element("linearGradient", colours, id="river", x1=0, x2=1, y1=0, y2=0)
    water = element("path", d=_banks(page.width), fill="url(#river)")
    ripple = element(
        "path",
        d=_wave(page.width, 0.35),
        fill="none",
        stroke=CARD,
        stroke_width=1.4,
        opacity=0.35,
        stroke_dasharray="26 14",
    )
    return element("defs", gradient) + element("g", water, ripple, *_names(page))


def _names(page: Page) -> Iterator[str]:
    for reach in page.reaches:
        x, colour = _middle(reach), COLOURS[reach.stage]
        y = MIDDLE + _swing(x) + 7
        style = {"text_anchor": "middle", "paint_order": "stroke", "stroke_width": 7, "stroke": colour}
        yield words(PEOPLE_OF[reach.stage], x, y, 21, fill=CARD, font_family=SERIF, font_style="italic", **style)
        title = {"fill": colour, "font_weight": 700, "letter_spacing": 2.2, "text_anchor": "middle"}
        yield words(reach.stage.upper(), x, MIDDLE + 62, 12.5, **title)


def _middle(reach: Reach) -> float:
    return (reach.left + reach.right) / 2


def _swing(x: float) -> float:
    return WAVE * math.sin(2 * math.pi * x / WAVELENGTH)


def _banks(width: float) -> str:
    """Both banks, from left to right and back."""
    steps = [width * part / 60 for part in range(61)]
    half = [THIN + (BROAD - THIN) * x / width for x in steps]
    upper = [f"{number(x)},{number(MIDDLE + _swing(x) - by)}" for x, by in zip(steps, half, strict=True)]
    lower = [f"{number(x)},{number(MIDDLE + _swing(x) + by)}" for x, by in zip(steps, half, strict=True)]
    return f"M{' L'.join(upper)} L{' L'.join(reversed(lower))} Z"


def _wave(width: float, share: float) -> str:
    """A ripple between the middle and a bank."""
    steps = [width * part / 60 for part in range(61)]
    points = [
        f"{number(x)},{number(MIDDLE + _swing(x) + (THIN + (BROAD - THIN) * x / width) * share * 2)}" for x in steps
    ]
    return f"M{' L'.join(points)}"
