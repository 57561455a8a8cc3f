from __future__ import annotations

from datetime import timedelta

from service.domain.outlook import Outlook, Shift
from tests.domain.stories import at

NOW = at("2026-11-20 10:00")
DAY = timedelta(days=1)


def test_moves_are_counted_with_their_median_and_their_largest() -> None:
    outlook = Outlook()
    for days in (1, 2, 9):
        outlook.shift(NOW + 10 * DAY, NOW + (10 - days) * DAY, NOW)
    outlook.shift(NOW + DAY, NOW + 3 * DAY, NOW)
    outlook.shift(NOW + DAY, NOW + DAY, NOW)
    outlook.shift(None, NOW + DAY, NOW)
    assert outlook.earlier == Shift(3, 2 * DAY, 9 * DAY)
    assert outlook.later == Shift(1, 2 * DAY, 2 * DAY)
    assert outlook.same == 1


def test_what_was_due_already_can_come_no_sooner_than_now() -> None:
    outlook = Outlook()
    outlook.shift(NOW - 5 * DAY, NOW, NOW)
    assert (outlook.same, outlook.moves_anybody) == (1, False)


def test_anything_that_anybody_notices_moves_somebody() -> None:
    assert not Outlook(inside=400).moves_anybody
    assert Outlook(awaited=1).moves_anybody
    outlook = Outlook()
    outlook.due["skipped"] += 1
    assert outlook.moves_anybody
