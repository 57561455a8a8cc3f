"""A plan in words."""

from __future__ import annotations

from collections import Counter

import pytest

from service.actions.plan_publication import Plan
from service.cli.forecast import in_words
from service.domain.outlook import Outlook
from service.domain.sequence.diff import LibraryChange


@pytest.mark.parametrize(
    ("due", "line"),
    [
        (
            {"at once": 300, "within a day": 112, "wait": 61, "expire": 27},
            "mails due  412 of 500 get it within a day, 61 wait, 27 expire",
        ),
        ({"within a day": 3, "barred": 2}, "mails due  3 of 5 get it within a day, 2 are not sent: no consent"),
        ({"tasks": 4, "skipped": 1}, "due besides  4 tasks for people, 1 skipped by their own condition"),
    ],
)
def test_it_says_how_many_get_a_mail_within_a_day_wait_and_never_get_it(due: dict[str, int], line: str) -> None:
    words = in_words(Plan(1, LibraryChange((), ()), (), {"news": Outlook(due=Counter(due))}))
    assert line in [each.strip() for each in words.splitlines()]
