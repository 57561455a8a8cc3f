"""The simulator lives by the rules of production: one scenario in both, compared touch by touch."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.rendering.studio import read, shipped
from tests.simulation.chance import life_by_chance
from tests.simulation.of_consent import OF_CONSENT
from tests.simulation.of_mail import OF_MAIL
from tests.simulation.of_pace import OF_PACE
from tests.simulation.of_people import OF_PEOPLE
from tests.simulation.paper import library_of
from tests.simulation.same import both, read_life

pytestmark = pytest.mark.slow

ANA = Path(__file__).with_name("ana.yaml")
SMALL = OF_CONSENT | OF_MAIL | OF_PACE | OF_PEOPLE


def test_anas_year_over_all_that_ships(engine: Engine) -> None:
    """In real words: a mail that prints something empty is held in both."""
    files = shipped()
    library = read(files)
    real, shown, calendar = both(engine, library, read_life(ANA.read_text(), library), 400, files)
    assert shown == real
    assert len(calendar.touches) > 40


@pytest.mark.parametrize("name", sorted(SMALL))
def test_a_small_life(engine: Engine, name: str) -> None:
    small = SMALL[name]
    library, files = library_of(small.sequences)
    real, shown, _ = both(engine, library, read_life(small.scenario, library), small.days, files)
    assert shown == real
    states = {(touch.step, touch.state) for touch in shown}
    assert set(small.shows) <= states, sorted(states)


@pytest.mark.parametrize("seed", range(3))
def test_a_life_that_nobody_thought_of(engine: Engine, seed: int) -> None:
    files = shipped()
    library = read(files)
    scenario = read_life(life_by_chance(library, seed, 200), library)
    real, shown, _ = both(engine, library, scenario, 220, files)
    assert shown == real
    assert len(shown) > 20
