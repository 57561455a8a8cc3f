"""Journeys of any size to be drawn: the salon's, and made-up ones with as many and as long words as a test likes."""

from __future__ import annotations

from service.domain.sequence.model.library import Library
from tests.domain.sequence.paper import BUSINESS
from tests.rendering.studio import read, shipped

STAGES = ("nurture", "onboarding", "delight", "rebooking", "referral", "farewell")


def salon() -> Library:
    """The sequences that ship."""
    return read(shipped())


def journey(count: int, title: str = "A sequence", step: str = "a letter", steps: int = 4) -> Library:
    """`count` sequences, spread over the stages, each of them leading to the next one."""
    files = {
        "sequences/business.yaml": BUSINESS.encode(),
        "sequences/files/checklist.pdf": b"%PDF-",
    }
    for number in range(count):
        files[f"sequences/s{number}.md"] = _sequence(number, title, step, steps).encode()
    return read(files)


def _sequence(number: int, title: str, step: str, steps: int) -> str:
    front = (
        f'---\ntitle: "{title} {number}"\nstage: {STAGES[number % len(STAGES)]}\ntopic: Newsletter\n'
        f"enrol:\n  on: tagged t{number}\n---\n\n"
    )
    letters = "".join(
        f"## Day {7 * day + 1} at 10:00: {step} {day}\nSubject: Hello\n\nHow are you?\n\n" for day in range(steps)
    )
    return front + letters + f"## 1 day later: hand on\nTag: +t{number + 1}\n"
