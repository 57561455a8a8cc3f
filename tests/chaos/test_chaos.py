"""Two minutes of `make chaos`: the points, a short rage, peace, and the mistakes that have to be found."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos.control import CONTROLS, TWICE, red
from tests.chaos.points import EVERY
from tests.chaos.run import Plan, house, run

SEED = 7
TELLING = {"after_intent", "after_accept", "mid_signup"}
POINTS = tuple(each for each in EVERY if each[1] in {"kill", "oversleep"} or each[0] in TELLING)


@pytest.mark.slow
@pytest.mark.timeout(900)  # on a machine that has other things to do
def test_every_promise_is_kept_whatever_goes_wrong_and_two_mistakes_are_found(tmp_path: Path) -> None:
    with house(tmp_path / "house") as home:
        verdict = run(Plan(SEED, points=POINTS, nap=1.0, nemesis=20.0), home, print)
        assert not verdict.violations, str(verdict)
        assert verdict.healed_in is not None
        for control in CONTROLS:
            found = red(control, home, print)
            assert {each.promise for each in found} == {TWICE}, f"{control} was not found"
