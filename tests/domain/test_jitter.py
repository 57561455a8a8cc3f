"""Taking turns when a window opens."""

from __future__ import annotations

from datetime import timedelta

from service.domain.jitter import opened_within, spread_out
from service.domain.sequence.times import read_window
from service.domain.window import Window
from tests.domain.stories import BERLIN, at

OPENING = at("2026-11-20 08:00")
WINDOW = read_window("Mon-Fri 09:00-12:00")
QUARTER = timedelta(minutes=15)
WEEK = timedelta(days=7)


def leaves(seed: str, ends=OPENING + WEEK, spread=QUARTER):
    return spread_out(OPENING, ends, seed, spread, WINDOW, BERLIN)


def test_the_same_seed_has_the_same_turn_and_others_have_others() -> None:
    turns = {leaves(f"ana:{number}") for number in range(100)}
    assert leaves("ana:1") == leaves("ana:1")
    assert len(turns) > 90
    assert all(OPENING <= turn < OPENING + QUARTER and turn.microsecond == 0 for turn in turns)
    hundred = [leaves(f"ana:{number}") for number in range(100)]
    assert 30 < sum(1 for turn in hundred if turn < OPENING + QUARTER / 2) < 70


def test_who_has_no_seed_or_no_time_leaves_at_the_opening() -> None:
    assert leaves("") == OPENING
    assert leaves("ana", spread=timedelta(0)) == OPENING
    assert leaves("ana", ends=OPENING) == OPENING
    assert leaves("ana", ends=OPENING - WEEK) == OPENING


def test_an_opening_is_recent_for_a_quarter_of_an_hour() -> None:
    for minutes, opened in ((0, OPENING), (14, OPENING), (15, None), (100, None)):
        now = OPENING + timedelta(minutes=minutes)
        assert opened_within(QUARTER, now, WINDOW, BERLIN) == opened


def test_a_day_opens_at_midnight_only_after_one_on_which_the_business_was_closed() -> None:
    midnight = at("2026-11-19 23:00")
    today = midnight.astimezone(BERLIN).date()
    assert opened_within(QUARTER, midnight, Window.any(), BERLIN) is None
    assert opened_within(QUARTER, midnight, Window.any(), BERLIN, [today - timedelta(days=1)]) == midnight
