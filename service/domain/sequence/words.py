"""Parts of a sequence in the words they are written in, for lists and answers."""

from __future__ import annotations

import re

from service.domain.sequence.model import PLACEHOLDER, Anchor, Subject, When


def when_in_words(when: When) -> str:
    """WHEN as a heading says it: `Day 3 at 10:00`, `2 days later`, `On the day`."""
    if when.anchor is Anchor.DAY:
        words = f"Day {when.days}" + (f"-{when.last_day}" if when.last_day is not None else "")
    elif when.anchor is Anchor.ON_THE_DAY:
        words = "On the day"
    else:
        words = f"{when.duration} {when.anchor}"
    return words + (f" at {when.at:%H:%M}" if when.at else "")


def as_written(subject: Subject) -> str:
    """A subject or preview with its merge fields back in their braces."""

    def back(found: re.Match[str]) -> str:
        return "{{ " + subject.expressions[int(found[1])].source + " }}"

    return PLACEHOLDER.sub(back, subject.text)
