"""How wide words are, without a font at hand: as wide as in DejaVu Sans, the widest that our fonts fall back to."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from itertools import accumulate, takewhile

# Advance widths in ems, rounded up, as DejaVu Sans 2.37 has them; a letter with an accent is as wide as without.
_EMS = {
    0.35: " ,.·'’ijlIJ/:;\\|",
    0.43: "f-()[]t!r",
    0.53: '"*_`–“”sz',
    0.57: "?cL",
    0.61: "Fkvxy",
    0.65: "PTYoaeEhnuSbdgpq$0123456789{}ß",
    0.71: "KAVXZBRC",
    0.80: "UNHDG&OQ",
    0.85: "w#+<=>^~×",
    1.01: "Mm%W@—…",
}
_WIDTHS = {sign: em for em, signs in _EMS.items() for sign in signs}
_UNKNOWN = 0.9
_FULL = 1.05  # Chinese, Japanese, Korean
BOLD = 1.13  # how much wider heavy letters are


def width(text: str, size: float) -> float:
    """The width of a line of text in units of the drawing, rather too wide than too narrow."""
    return size * sum(map(_em, text))


@lru_cache(maxsize=4096)
def _em(sign: str) -> float:
    if unicodedata.east_asian_width(sign) in {"W", "F"}:
        return _FULL
    return _WIDTHS.get(unicodedata.normalize("NFD", sign)[0], _UNKNOWN)


def wrap(text: str, size: float, room: float, most: int) -> tuple[str, ...]:
    """The text on at most `most` lines of `room` units; what does not fit ends in an ellipsis."""
    lines: list[str] = []
    rest = text.split()
    while rest and len(lines) < most:
        line = rest.pop(0)
        while rest and width(f"{line} {rest[0]}", size) <= room:
            line = f"{line} {rest.pop(0)}"
        lines.append(line)
    if rest:
        lines[-1] = f"{lines[-1]} {rest[0]}…"
    return tuple(shorten(line, size, room) for line in lines)


def shorten(text: str, size: float, room: float) -> str:
    """The text, or as much of it as fits, with an ellipsis."""
    if width(text, size) <= room:
        return text
    room -= width("…", size)
    ends = accumulate(size * _em(sign) for sign in text.removesuffix("…"))
    fits = sum(1 for _ in takewhile(lambda end: end <= room, ends))
    return f"{text[:fits].rstrip(' ,;:·')}…"
