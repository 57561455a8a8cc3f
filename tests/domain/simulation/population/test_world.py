"""Worlds: what is shipped, and what is refused."""

from __future__ import annotations

import json

import pytest

from service.domain.sequence.vocabulary import Kind
from service.domain.simulation.population.world import MAX_BYTES, WorldError, read_world
from tests.domain.simulation.population.town import worlds


def test_eleven_worlds_are_shipped_and_each_altered_one_differs_from_the_base() -> None:
    found = worlds()
    base = found["base"].plain()
    assert len(found) == 11
    assert all(world.plain() != base for name, world in found.items() if name != "base")
    assert found["tolerance x2"].tolerance == 4 * found["tolerance x0.5"].tolerance == 2 * found["base"].tolerance


def test_a_world_of_ones_own_says_only_what_differs() -> None:
    told = {"name": "tired", "tolerance": 2.5, "push": {"offer": 0.2}}
    world = read_world("tired.json", json.dumps(told).encode(), worlds()["base"])
    assert (world.name, world.tolerance, world.push[Kind.OFFER]) == ("tired", 2.5, 0.2)
    assert world.push[Kind.NUDGE] == worlds()["base"].push[Kind.NUDGE]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"tolerence": 2}', "`tolerence` is no parameter of a world (did you mean `tolerance`?)"),
        ('{"dormant": 1.5}', "`dormant` is 1.5; it has to be a number from 0 to 1."),
        ('{"dormant": "many"}', '`dormant` is "many"; it has to be a number from 0 to 1.'),
        ('{"dormant": true}', "`dormant` is true; it has to be a number from 0 to 1."),
        ('{"dormant": NaN}', "`dormant` is NaN; it has to be a number from 0 to 1."),
        ('{"fatigue_half_life": 0}', "`fatigue_half_life` is 0; it has to be a number from 0.1 to 365."),
        ('{"news_every": 7.5}', "`news_every` is 7.5; it has to be a whole number of days."),
        ('{"push": {"offfer": 0.1}}', "`push`: `offfer` is no kind of marketing mail (did you mean `offer`?)"),
        ('{"push": 3}', "`push` is an object, a number for each kind of mail."),
        ('{"push": {"offer": 7}}', "`push: offer` is 7; it has to be a number from 0 to 1."),
        ('{"tolerance": 1, "tolerance": 2}', "`tolerance` stands there twice."),
        ('{"name": 3}', "`name` is a text of at most 60 characters, on one line."),
        ('{"name": "a\\nb"}', "`name` is a text of at most 60 characters, on one line."),
        ("[]", "a world is an object"),
        ('{"tolerance": }', "mine.json:1:15: no JSON"),
        ('{"name": "\ud800"}', "no text in UTF-8"),
        ("[" * 50_000, "mine.json"),
        (" " * (MAX_BYTES + 1), "larger than 100,000 bytes"),
    ],
)
def test_a_bad_world_is_refused_with_the_file_and_what_may_stand_there(text: str, told: str) -> None:
    with pytest.raises(WorldError) as refused:
        read_world("mine.json", text.encode("utf-8", "surrogatepass"), worlds()["base"])
    assert told in str(refused.value)
    assert str(refused.value).startswith("mine.json")
