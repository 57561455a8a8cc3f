"""Random numbers by seed, person, purpose and day."""

from __future__ import annotations

import numpy as np

from service.domain.simulation.population.draws import Draws, Purpose, uniform
from service.domain.simulation.population.person import draw_person
from tests.domain.simulation.population.town import worlds


def test_the_same_key_gives_the_same_numbers_and_a_longer_row_begins_with_the_shorter() -> None:
    short, long = uniform(1, 2, Purpose.NOTICE, 30), uniform(1, 2, Purpose.NOTICE, 400)
    assert np.array_equal(short, long[:30])


def test_seeds_people_and_purposes_share_no_numbers() -> None:
    rows = [uniform(seed, person, purpose, 50) for seed in (1, 2) for person in (1, 2) for purpose in Purpose]
    assert len(np.unique(np.concatenate(rows))) == 50 * len(rows)


def test_numbers_are_even() -> None:
    row = uniform(3, 4, Purpose.LEAVE, 100_000)
    assert 0 <= row.min() < row.max() < 1
    assert abs(row.mean() - 0.5) < 0.005
    assert abs(np.corrcoef(row[:-1], row[1:])[0, 1]) < 0.02


def test_a_draw_for_a_mail_does_not_depend_on_those_before_it() -> None:
    asked, fresh = Draws(5, 6, 100), Draws(5, 6, 100)
    for day in range(50):
        asked.of_mail(Purpose.CLICK, day, 0)
    assert asked.of_mail(Purpose.CLICK, 60, 1) == fresh.of_mail(Purpose.CLICK, 60, 1)


def test_people_are_as_the_world_says() -> None:
    world = worlds()["base"]
    people = [draw_person(number, world, Draws(8, number, 10)) for number in range(3_000)]
    tolerance, interest = np.log([each.tolerance for each in people]), [each.interest for each in people]
    awake = [each for each in people if not each.joins]
    assert abs(np.exp(np.median(tolerance)) / world.tolerance - 1) < 0.05
    assert abs(np.mean([each.hides_opens for each in people]) - world.hidden_opens) < 0.03
    assert abs(np.mean([bool(each.joins) for each in people]) - world.new) < 0.02
    assert abs(np.mean([each.churns < 365 for each in people]) - world.churn) < 0.02
    assert abs(np.mean([-each.last_visit > 2.4 * each.interval for each in awake]) - world.dormant) < 0.03
    assert 0.25 < np.corrcoef(tolerance, interest)[0, 1] < 0.45  # the dormant lose interest, whatever they tolerate
    assert all(0 <= each.interest <= 1 for each in people)
