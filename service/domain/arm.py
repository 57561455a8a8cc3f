"""Which arm of a test a person is in: drawn once a person a sequence, by a stable hash."""

from __future__ import annotations

from service.domain.draw import draw
from service.domain.sequence.model.sequence import Sequence

HOLDOUT = "holdout"  # gets service mail only


def draw_arm(sequence: Sequence, seed: str) -> str | None:
    """The arm of `test`, by its shares; without one, one of the letters of `Subject A:`, `B:` …, evenly; else None."""
    shares = sequence.arms or tuple((letter, 1) for letter in letters(sequence))
    if not shares:
        return None
    point = draw(seed, "arm", sequence.key) * sum(share for _, share in shares)
    for name, share in shares:
        point -= share
        if point < 0:
            return name
    return shares[-1][0]


def letters(sequence: Sequence) -> tuple[str, ...]:
    """The letters of all its subject lines, in their order."""
    return tuple(sorted({subject.arm for step in sequence.steps for subject in step.subjects if subject.arm}))
