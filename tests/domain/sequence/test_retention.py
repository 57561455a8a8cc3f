"""`retention` of business.yaml: for how long people, and what is known of them, are kept."""

from __future__ import annotations

import pytest

from service.domain.sequence.library import read_library
from service.domain.sequence.model.duration import Duration, Unit
from service.domain.sequence.model.retention import Retention

PLAIN = "name: Glow\nfrom: Mia <mia@glow.example>\naddress: Lindenweg 4\ntime zone: Europe/Berlin\n"


def read(written: str) -> tuple[Retention | None, list[str]]:
    library, problems = read_library({"sequences/business.yaml": f"{PLAIN}{written}".encode()})
    return library.business.retention if library else None, [str(each) for each in problems]


def test_what_is_not_written_has_a_default() -> None:
    assert read("") == (Retention(), [])
    kept, problems = read("retention: {leads: 18 months, events: 5 years, network addresses: for good}\n")
    assert problems == []
    assert kept == Retention(leads=Duration.of(18, Unit.MONTHS), events=Duration.of(5, Unit.YEARS), networks=None)


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("leads", "2 days"),
        ("leads", "2 months"),  # 59 days at least, and 90 are asked for
        ("leads", "21 years"),
        ("leads", "3 rhythms"),
        ("leads", "4000 hours"),
        ("events", "729 days"),
        ("events", "23 months"),
        ("unconfirmed", "13 days"),
        ("passed on", "6 days"),
        ("former clients", "never"),
    ],
)
def test_a_time_that_can_not_be_meant_is_told_with_its_line(key: str, text: str) -> None:
    kept, problems = read(f"retention:\n  {key}: {text}\n")
    assert kept is None
    assert problems[0].startswith("sequences/business.yaml:6:")


def test_a_key_that_nobody_knows_is_told() -> None:
    kept, problems = read("retention: {lead: 1 year}\n")
    assert kept is None
    assert "did you mean `leads`" in problems[0]
