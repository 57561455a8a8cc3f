"""Letters as a story: grouped by the day on which they came, with the day's number in one person's journey."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, tzinfo
from email.utils import parseaddr
from itertools import groupby

from service.web.studio.maildir import Summary

NO_SUBJECT = "(no subject)"
LONGEST = 200  # characters of a subject or a name in a list


@dataclass(frozen=True, slots=True)
class Line:
    """One letter in a list."""

    id: str
    subject: str
    time: str
    name: str
    address: str
    person: str


@dataclass(frozen=True, slots=True)
class Day:
    """A day of letters; `number` counts from the person's first, None where several people are shown."""

    title: str
    number: int | None
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who was written to, and how often."""

    key: str
    name: str
    letters: int


def line(summary: Summary, zone: tzinfo) -> Line:
    """How a list shows a letter; times are local."""
    return Line(
        id=summary.id,
        subject=short(summary.subject) or NO_SUBJECT,
        time=f"{summary.at.astimezone(zone):%H:%M}",
        name=short(parseaddr(summary.to)[0]),
        address=short(summary.address),
        person=summary.person,
    )


def days(letters: Sequence[Summary], zone: tzinfo, first: date | None = None) -> list[Day]:
    """Letters by local day, in the order given; numbered from `first` where the story is one person's."""
    return [
        Day(
            title=f"{on:%A, %-d %B %Y}",
            number=(on - first).days if first else None,
            lines=tuple(line(each, zone) for each in group),
        )
        for on, group in groupby(letters, key=lambda each: local_day(each, zone))
    ]


def people(letters: Sequence[Summary], most: int) -> list[Person]:
    """Everybody who was written to, those of the newest letters first."""
    by_person: dict[str, list[Summary]] = {}
    for each in letters:
        by_person.setdefault(each.person, []).append(each)
    return [
        Person(key, short(parseaddr(theirs[0].to)[0]) or short(theirs[0].address), len(theirs))
        for key, theirs in list(by_person.items())[:most]
    ]


def local_day(summary: Summary, zone: tzinfo) -> date:
    return summary.at.astimezone(zone).date()


def short(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
