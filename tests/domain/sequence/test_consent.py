"""`consent` of business.yaml: settings with bounds, and what a topic's basis is good for."""

from __future__ import annotations

import pytest

from service.domain.sequence.library import read_library
from service.domain.sequence.model.business import Business
from service.domain.sequence.model.consent import ConsentPolicy
from service.domain.sequence.model.duration import Duration, Unit
from service.domain.sequence.model.library import Library
from service.domain.sequence.model.problem import Problem

HEAD = """name: Glow Studio
from: Mia <mia@glow.example>
address: Lindenweg 4
time zone: Europe/Berlin
topics:
  Tips: {}
  Questions: {basis: inquiry}
  Clients: {basis: client}
  Appointments: {basis: service}
"""


def look_at(consent: str) -> tuple[Library | None, list[Problem]]:
    return read_library({"sequences/business.yaml": (HEAD + consent).encode()})


def read(consent: str = "") -> tuple[Business, list[Problem]]:
    library, problems = look_at(consent)
    assert library is not None
    return library.business, problems


def test_what_is_left_out_is_as_usual() -> None:
    business, problems = read()
    assert problems == []
    assert business.consent == ConsentPolicy()
    assert {topic.name: str(topic.lasts) for topic in business.topics} == {
        "Tips": "None",
        "Questions": "6 months",
        "Clients": "2 years",
        "Appointments": "None",
    }


def test_each_setting_is_read_and_reaches_its_topics() -> None:
    written = "consent: {confirm within: 3 days, remind after: 1 day, client lasts: 3 years, inquiry lasts: 60 days}\n"
    business, problems = read(written)
    assert problems == []
    assert business.consent == ConsentPolicy(
        Duration.of(3, Unit.DAYS), Duration.of(1, Unit.DAYS), Duration.of(3, Unit.YEARS), Duration.of(60, Unit.DAYS)
    )
    assert [str(topic.lasts) for topic in business.topics if topic.lasts] == ["60 days", "3 years"]


def test_nobody_is_reminded_where_it_says_none() -> None:
    business, problems = read("consent: {remind after: none}\n")
    assert (business.consent.remind_after, problems) == (None, [])


@pytest.mark.parametrize(
    ("written", "code", "hint"),
    [
        ("confirm within: 1 hour", "out-of-bounds", "write something between a day and 30 days"),
        ("confirm within: 2 months", "out-of-bounds", "write something between a day and 30 days"),
        ("client lasts: 9 years", "out-of-bounds", "write something between a month and 5 years"),
        ("inquiry lasts: 3 years", "out-of-bounds", "write something between a day and 2 years"),
        ("remind after: 8 days", "out-of-bounds", "remind earlier, or write `remind after: none`"),
        ("confirm within: 2 days", "out-of-bounds", "remind earlier, or write `remind after: none`"),
        ("client lasts: 2 rhythms", "bad-duration", "write days or weeks, like `60 days`"),
        ("client last: 2 years", "unknown-key", "did you mean `client lasts`?"),
    ],
)
def test_what_cannot_hold_is_told_with_its_line(written: str, code: str, hint: str) -> None:
    _, (problem,) = look_at(f"consent:\n  {written}\n")
    assert (problem.code, problem.hint, problem.place.line) == (code, hint, 11)
