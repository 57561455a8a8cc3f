"""Complaints, held against the 0.1 % and 0.3 % of Gmail and Yahoo."""

from __future__ import annotations

import pytest

from service.domain.reputation import Complaints, Standing


@pytest.mark.parametrize(
    ("people", "mails", "standing"),
    [
        (0, 0, Standing.GOOD),
        (1, 10, Standing.GOOD),  # one says nothing of a sender
        (2, 2_001, Standing.GOOD),
        (2, 2_000, Standing.WATCHED),
        (29, 10_000, Standing.WATCHED),
        (30, 10_000, Standing.BAD),
        (5, 0, Standing.BAD),
    ],
)
def test_from_a_thousandth_on_a_sender_is_watched_and_from_three_on_it_is_bad(
    people: int, mails: int, standing: Standing
) -> None:
    assert Complaints(people, mails).standing is standing
