"""The nearest known word, for hints."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

SHOWN = 8  # known words that a hint lists


def nearest(word: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """The known word most like `word`, whatever its case; None where none is like it."""
    spelled = {each.casefold(): each for each in known}
    found = get_close_matches(word[:80].casefold(), spelled, n=1, cutoff=cutoff)
    return spelled[found[0]] if found else None


def did_you_mean(word: str, known: Iterable[str], otherwise: str = "") -> str:
    """A hint: the nearest known word, else `otherwise`, else some of the known words."""
    words = list(dict.fromkeys(known))
    near = nearest(word, words)
    if near is not None:
        return f"did you mean `{near}`?"
    if otherwise or not words:
        return otherwise
    more = ", …" if len(words) > SHOWN else ""
    return "known are " + ", ".join(f"`{each}`" for each in sorted(words)[:SHOWN]) + more
