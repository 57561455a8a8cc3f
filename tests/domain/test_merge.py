"""What two rows of one person make together, and which ways through a sequence are doubles."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from typing import Any

import pytest

from service.domain.merge import EARLIEST, FILLED, LATEST, Way, doubles, filled
from service.domain.sequence.model.enrol import Again
from tests.domain.stories import at, day, letters, step

numbers = count(1)
STORY = letters(step("hello", day(0)), step("tip", day(3)))


def row(**given: Any) -> dict[str, Any]:
    empty = dict.fromkeys((*FILLED, *EARLIEST, *LATEST))
    return empty | {"stage": "lead", "less_often": False, "fields": {}, "tags": []} | given


def way(mine: bool, state: str = "active", passed: int = 0, **more: Any) -> Way:
    given = {"trigger_key": "once", "about": None, "sequence": STORY.key} | more
    return Way(next(numbers), given["sequence"], state, given["trigger_key"], given["about"], passed, mine)


def ended(*ways: Way, again: Again = Again.NEVER) -> dict[int, int | None]:
    story = replace(STORY, enrol=replace(STORY.enrol, again=again))
    return dict(doubles(ways, {story.key: story}).ended)


def test_gaps_are_filled_and_nothing_is_overwritten() -> None:
    stays = row(first_name="Ana", fields={"hair": "curly"}, tags=["vip"], stage="client")
    goes = row(first_name="Anna", phone="1", fields={"hair": "straight", "wish": "x"}, tags=["cold", "vip"])
    assert filled(stays, goes) == {
        "phone": "1",
        "fields": {"hair": "curly", "wish": "x"},
        "tags": ["vip", "cold"],
    }


def test_what_either_asked_for_holds() -> None:
    goes = row(less_often=True, paused_until=at("2027-01-01 00:00"), stage="former", created_at=at("2020-01-01 00:00"))
    changed = filled(row(created_at=at("2026-01-01 00:00")), goes)
    assert changed["less_often"] is True
    assert changed["paused_until"] == at("2027-01-01 00:00")
    assert changed["stage"] == "former"
    assert changed["created_at"] == at("2020-01-01 00:00")


def test_of_two_ways_the_one_that_is_further_goes_on() -> None:
    mine, other = way(True, passed=1), way(False, passed=2)
    assert ended(mine, other) == {mine.id: other.id}
    mine, other = way(True, passed=1), way(False, passed=1)
    assert ended(mine, other) == {other.id: mine.id}


def test_what_was_lived_once_is_not_lived_again() -> None:
    over, runs = way(False, "finished"), way(True, passed=1)
    assert ended(over, runs) == {runs.id: over.id}
    assert ended(over, replace(runs, trigger_key="other"), again=Again.ALWAYS) == {}


def test_two_appointments_both_go_on() -> None:
    mine, other = way(True, about="appointment:1"), way(False, about="appointment:2")
    assert ended(mine, other, again=Again.ALWAYS) == {}
    assert ended(mine, replace(other, about="appointment:1"), again=Again.ALWAYS) == {other.id: mine.id}


@pytest.mark.parametrize("sequence", ["(confirm)", "(address)"])
def test_what_was_asked_of_an_address_that_goes_is_asked_no_more(sequence: str) -> None:
    asked = way(False, sequence=sequence)
    assert ended(asked, way(True, sequence=sequence)) == {asked.id: None}


def test_what_is_awaited_is_reckoned_anew() -> None:
    mine, other = way(True, "awaited"), way(False, "awaited")
    assert ended(mine, other) == {other.id: None}


def test_who_was_taken_out_of_one_lives_the_other_without_what_it_brought() -> None:
    out, runs = way(False, "left", passed=2), way(True, passed=1)
    found = doubles([out, runs], {STORY.key: STORY})
    assert (dict(found.ended), dict(found.behind)) == ({}, {runs.id: (out.id,)})
