"""A comparison as a picture: for each policy its mails, who left, and what became of the bookings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from service.domain.journey_map.lettering import width
from service.domain.journey_map.svg import SANS, SERIF, element, number, said, words
from service.domain.simulation.population.compare import Comparison, Estimate, Outcome
from service.domain.simulation.population.policies import EVERAFTER, NO_MAIL, NONE
from service.domain.simulation.population.report import ASSUMED

PAPER, INK, MUTED, HAIR = "#fbf6ee", "#2b2521", "#6b5f55", "#e4d8c8"
PLAIN, OURS = "#a99b8b", "#1f7d78"
MARGIN, NAMES, COLUMN, GAP = 40.0, 128.0, 230.0, 42.0
TOP, ROW, BAR = 128.0, 38.0, 18.0
ROOM = 62.0  # of a column, for the figure beside its bar
WIDTH = 2 * MARGIN + NAMES + 3 * COLUMN + 2 * GAP


@dataclass(frozen=True, slots=True)
class Column:
    """One measure: its heading, what a policy came to, and how that is written."""

    title: str
    remark: str
    of: Callable[[Outcome], Estimate]
    write: Callable[[float], str]


def draw(comparison: Comparison) -> str:
    """The comparison as a whole SVG 1.1 document. The same in, the same out."""
    shown = [each for name, each in comparison.outcomes.items() if name != NO_MAIL]
    bottom = TOP + ROW * len(shown)
    height = bottom + 62
    town = comparison.town
    people = f"{town.contacts * len(town.seeds):,} simulated recipients, {town.days} days, world “{town.world.name}”"
    parts = [
        said("title", "Policies of sending, side by side"),
        said("desc", _described(comparison, shown)),
        element("rect", width=WIDTH, height=height, fill=PAPER),
        words("The same people under each policy", MARGIN, 46, 24, font_family=SERIF, fill=INK),
        words(people, MARGIN, 70, 13, fill=MUTED),
        *(_name(each, place) for place, each in enumerate(shown)),
        *(part for place, column in enumerate(_columns(comparison)) for part in _column(column, place, shown)),
        words("Lines on the bars: two standard errors to each side.", MARGIN, bottom + 24, 12, fill=MUTED),
        words(ASSUMED, MARGIN, bottom + 42, 12, fill=MUTED),
    ]
    return (
        element(
            "svg",
            *(f"\n{part}" for part in parts),
            "\n",
            xmlns="http://www.w3.org/2000/svg",
            width=WIDTH,
            height=height,
            viewBox=f"0 0 {number(WIDTH)} {number(height)}",
            font_family=SANS,
            role="img",
        )
        + "\n"
    )


def _columns(comparison: Comparison) -> tuple[Column, ...]:
    none = comparison.outcomes[NONE]
    return (
        Column("Mails", "to each contact", lambda each: each.estimate("mails"), lambda value: f"{value:.0f}"),
        Column("Left", "unsubscribed", lambda each: each.estimate("unsubscribes"), lambda value: f"{value:.1%}"),
        Column("Bookings", "against none", lambda each: each.ratio(none, "conversions"), lambda value: f"{value:+.1%}"),
    )


def _name(outcome: Outcome, place: int) -> str:
    ours = outcome.name == EVERAFTER
    weight = 700 if ours else 400
    return words(outcome.name, MARGIN, _middle(place) + 5, 15, fill=OURS if ours else INK, font_weight=weight)


def _column(column: Column, place: int, shown: list[Outcome]) -> Iterator[str]:
    left = MARGIN + NAMES + place * (COLUMN + GAP)
    values = [column.of(each) for each in shown]
    ends = [end for each in values for end in (each.mean - 2 * each.se, each.mean + 2 * each.se)]
    low, high = min(0.0, *ends), max(0.0, *ends)
    begins = left + (ROOM if low < 0 else 0)
    scale = (left + COLUMN - ROOM - begins) / ((high - low) or 1)
    zero = begins - low * scale
    yield words(column.title, left, TOP - 26, 15, fill=INK, font_weight=700)
    yield words(column.remark, left + width(column.title, 15) * 1.05 + 8, TOP - 26, 12, fill=MUTED)
    yield _line(zero, TOP - 10, zero, TOP + ROW * len(shown) - 4, HAIR)
    for row, (outcome, value) in enumerate(zip(shown, values, strict=True)):
        yield from _bar(column, value, outcome.name == EVERAFTER, _middle(row), zero, scale)


def _bar(column: Column, value: Estimate, ours: bool, middle: float, zero: float, scale: float) -> Iterator[str]:
    end, spread = zero + value.mean * scale, 2 * value.se * scale
    yield element(
        "rect",
        x=min(zero, end),
        y=middle - BAR / 2,
        width=abs(end - zero),
        height=BAR,
        rx=2,
        fill=OURS if ours else PLAIN,
    )
    if value.se:
        yield _line(end - spread, middle, end + spread, middle, INK)
    text = column.write(value.mean)
    beyond = end + spread + 7 if value.mean >= 0 else end - spread - 7 - width(text, 13)
    yield words(text, beyond, middle + 4.5, 13, fill=OURS if ours else INK, font_weight=700 if ours else 400)


def _line(x: float, y: float, to_x: float, to_y: float, colour: str) -> str:
    return element("line", x1=x, y1=y, x2=to_x, y2=to_y, stroke=colour, stroke_width=1.4)


def _middle(place: int) -> float:
    return TOP + ROW * place + ROW / 2 - 4


def _described(comparison: Comparison, shown: list[Outcome]) -> str:
    columns = _columns(comparison)
    told = []
    for each in shown:
        values = (f"{column.title.lower()} {column.write(column.of(each).mean)}" for column in columns)
        told.append(f"{each.name}: {', '.join(values)}")
    return "; ".join(told)
