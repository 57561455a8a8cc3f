"""What the numbers are to reach."""

from __future__ import annotations

import json

import pytest

from benchmarks.aim import AIMS, Aim
from benchmarks.report import LATEST
from benchmarks.result import Result


@pytest.mark.parametrize(
    ("aim", "reached", "missed"),
    [
        (Aim(least=800), Result(800, "events/s"), Result(799.9, "events/s")),
        (Aim(most=200), Result(200, "MB", 1, "one"), Result(200.1, "MB", 1, "one")),
        (Aim(share=0.42), Result(42, "mails/s", 100, "it"), Result(41.9, "mails/s", 100, "it")),
        (Aim(least=5, share=0.2), Result(5, "signups/s"), Result(5, "signups/s", 26, "it")),
    ],
)
def test_an_aim_is_reached_or_missed_by_a_hair(aim: Aim, reached: Result, missed: Result) -> None:
    assert aim.is_reached(reached)
    assert not aim.is_reached(missed)


def test_every_aim_is_of_something_that_is_measured():
    assert set(AIMS) <= set(json.loads(LATEST.read_text()))
