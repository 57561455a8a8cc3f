"""A step's heading, `## WHEN: TITLE`, and the key that its title makes."""

from __future__ import annotations

import re
import unicodedata

from service.domain.sequence.findings import Fault
from service.domain.sequence.model.step import Anchor, When
from service.domain.sequence.model.words import PLACEHOLDER
from service.domain.sequence.times import MAX_DAYS, read_clock, read_duration

MAX_HEADING = 200
MAX_TITLE = 120
KEY = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")

_AT = re.compile(r"(.*?)\s+at\s+(.*)", re.IGNORECASE)
_DAY = re.compile(r"day\s+(\d+)(?:\s*[-–]\s*(\d+))?", re.IGNORECASE | re.ASCII)
_SHIFT = re.compile(r"(.+?)\s+(later|before|after)", re.IGNORECASE)
_ON_THE_DAY = re.compile(r"on\s+the\s+day", re.IGNORECASE)
_FORMS = "write `Day 3`, `Day 3 at 10:00`, `2 days later`, `1 day before`, `1 day after` or `On the day`"

# Letters that Unicode doesn't take apart into a plain one and an accent.
_PLAIN = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d"})
_APOSTROPHES = re.compile("['’ʼ`]")


def slug(title: str) -> str:
    """The key a title makes; empty where it holds no letter that a key can have.

    >>> slug("Schönen Gruß: that's it!")
    'schoenen-gruss-thats-it'
    """
    plain = unicodedata.normalize("NFC", title).casefold().translate(_PLAIN)
    bare = "".join(each for each in unicodedata.normalize("NFKD", plain) if not unicodedata.combining(each))
    return re.sub(r"[^a-z0-9]+", "-", _APOSTROPHES.sub("", bare)).strip("-")


def read_heading(text: str) -> tuple[When, str]:
    """WHEN and TITLE of a heading, without its `## `. Raises Fault."""
    if PLACEHOLDER.search(text):
        message = "A step's heading holds no merge fields: it is the step's name for you, not for the reader."
        raise Fault("braces-misplaced", message, "put the words into Subject")
    if len(text) > MAX_HEADING:
        raise Fault("heading", f"This heading has more than {MAX_HEADING} characters.", "the letter goes below it")
    when, parted, title = text.partition(": ")
    if not parted:
        raise _not_parted(text)
    if not title.strip():
        raise Fault("heading", "This step has no title.", "write one behind the colon, like `Day 3: one idea`")
    if len(title.strip()) > MAX_TITLE:
        message = f"This title has more than {MAX_TITLE} characters."
        raise Fault("heading", message, "a few words are enough; the letter goes below", len(when) + 2)
    return read_when(when), title.strip()


def _not_parted(text: str) -> Fault:
    if re.search(r"\d(?!\d?:\d\d\b).*:\S|[a-z]:\S", text):
        return Fault(
            "heading", "The colon needs a space behind it.", "write `## WHEN: TITLE`, like `## Day 3: one idea`"
        )
    return Fault("heading", "This step has no title.", "write `## WHEN: TITLE`, like `## Day 3 at 10:00: one idea`")


def read_when(text: str) -> When:
    """`Day 3 at 10:00`, `2 days later`, `On the day` …. Raises Fault `bad-when`, or that of the time it holds."""
    rest, at = text.strip(), None
    timed = _AT.fullmatch(rest)
    if timed:
        rest = timed[1]
        try:
            at = read_clock(timed[2])
        except Fault as fault:
            raise fault.moved(timed.start(2)) from None
    day = _DAY.fullmatch(rest)
    if day:
        first, last = int(day[1][:9]), int(day[2][:9]) if day[2] else None
        if max(first, last or 0) > MAX_DAYS:
            raise Fault("bad-when", "That is more than ten years away.", "write a smaller number")
        if last is not None and last <= first:
            raise Fault("bad-when", f"`{rest}` ends before it begins.", f"write `Day {last}-{first}`")
        return When(Anchor.DAY, days=first, last_day=last, at=at)
    shift = _SHIFT.fullmatch(rest)
    if shift:
        return When(Anchor(shift[2].casefold()), duration=read_duration(shift[1]), at=at)
    if _ON_THE_DAY.fullmatch(rest):
        return When(Anchor.ON_THE_DAY, at=at)
    raise Fault("bad-when", f"`{rest[:60]}` doesn't say when.", _FORMS)
