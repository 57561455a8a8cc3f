"""Parts of a sequence in the words they are written in, for lists and answers."""

from __future__ import annotations

import re
from datetime import time

from service.domain.sequence.model.step import Anchor, When
from service.domain.sequence.model.words import PLACEHOLDER, Subject
from service.domain.window import ALL_DAYS, Span, Window

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def when_in_words(when: When) -> str:
    """WHEN as a heading says it: `Day 3 at 10:00`, `2 days later`, `On the day`."""
    if when.anchor is Anchor.DAY:
        words = f"Day {when.days}" + (f"-{when.last_day}" if when.last_day is not None else "")
    elif when.anchor is Anchor.ON_THE_DAY:
        words = "On the day"
    else:
        words = f"{when.duration} {when.anchor}"
    return words + (f" at {when.at:%H:%M}" if when.at else "")


def window_in_words(window: Window) -> str:
    """A window as it is written: `Mon-Fri 09:00-17:00, Sat 10:00-14:00`."""
    return ", ".join(map(_span, window.spans)) or "any"


def _span(span: Span) -> str:
    """Days in a row as one, like `Mon-Fri`; every day as none."""
    runs: list[list[int]] = []
    for day in sorted(span.days):
        if runs and runs[-1][-1] == day - 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    named = " and ".join(DAYS[run[0]] if len(run) == 1 else f"{DAYS[run[0]]}-{DAYS[run[-1]]}" for run in runs)
    end = "24:00" if span.end == time.max else f"{span.end:%H:%M}"
    return f"{'' if span.days == ALL_DAYS else f'{named} '}{span.start:%H:%M}-{end}"


def as_written(subject: Subject) -> str:
    """A subject or preview with its merge fields back in their braces."""

    def back(found: re.Match[str]) -> str:
        return "{{ " + subject.expressions[int(found[1])].source + " }}"

    return PLACEHOLDER.sub(back, subject.text)
