"""Whole years of small towns: determinism, bounds, and what is the same under every policy."""

from __future__ import annotations

import numpy as np
import pytest

from service.domain.simulation.population.compare import MEASURES, Outcome, Town, compare, live, live_one
from service.domain.simulation.population.policies import (
    CAPS,
    EVERAFTER,
    NO_MAIL,
    NONE,
    THINNED,
    WHAT,
    Variant,
    ablations,
)
from tests.domain.simulation.population.town import courses, policy, town, worlds


def test_the_same_seed_lives_the_same_year_and_another_seed_another() -> None:
    ours = Variant(EVERAFTER, policy())
    once, again = live(town(25), ours), live(town(25), ours)
    assert np.array_equal(once, again)
    assert not np.array_equal(once, live(town(25, seed=8), ours))


def test_a_town_lived_in_parts_is_the_same_town() -> None:
    ours, whole = Variant(EVERAFTER, policy()), town(21, days=90)
    parts = [live(part, ours) for part in whole.parts(8)]
    assert [len(part) for part in parts] == [8, 8, 5]
    assert np.array_equal(np.concatenate(parts), live(whole, ours))


def test_people_are_the_same_under_every_policy() -> None:
    """Where mail does nothing, no policy changes a booking: all else is drawn by person and day."""
    deaf = town(40, notice=0.0, leave=0.0)
    rows = {name: live(deaf, Variant(name, policy(), share=0.5)) for name in (NO_MAIL, *WHAT)}
    conversions = [each[:, MEASURES.index("conversions")] for each in rows.values()]
    assert conversions[0].sum() > 40
    assert all(np.array_equal(each, conversions[0]) for each in conversions)
    assert len({each[:, 0].sum() for each in rows.values()}) > 5


def test_what_comes_out_is_within_bounds() -> None:
    found = compare(town(40), tuple(WHAT), policy())
    most = found.outcomes[NONE].estimate("mails").mean
    for name, outcome in found.outcomes.items():
        assert 0 <= outcome.estimate("mails").mean <= most * 1.1, name
        assert np.all(outcome.column("unsubscribes") + outcome.column("complaints") <= 1), name
        assert np.all(outcome.column("reachable") + outcome.column("unsubscribes") <= 1), name
    assert found.outcomes[NO_MAIL].rows[:, 0].sum() == 0
    assert np.all(found.outcomes["1/week"].column("mails") <= 200 / 7 + 1)
    assert np.all(found.outcomes[EVERAFTER].column("mails") <= 3 * (200 / 7 + 1))
    assert found.outcomes[NONE].column("held").sum() == 0
    assert (
        abs(found.outcomes[THINNED].estimate("mails").mean / found.outcomes[EVERAFTER].estimate("mails").mean - 1) < 0.1
    )


def test_every_mail_that_falls_due_is_sent_or_expires_under_everything_that_drops_at_once() -> None:
    quiet = town(30, notice=0.0, leave=0.0, news_every=7, offer_every=10)
    sent = live(quiet, Variant("1/week", policy()))
    nothing = live(quiet, Variant(NO_MAIL, policy()))
    expired = [MEASURES.index(f"expired P{number}") for number in (6, 7)]
    assert nothing[:, expired].sum() >= sent[:, expired].sum() > 0


def test_journeys_alone_have_no_campaigns() -> None:
    alone = Town(courses(), worlds()["base"].without_campaigns, (7,), 20, 200)
    nothing = Outcome(NO_MAIL, live(alone, Variant(NO_MAIL, policy())))
    assert nothing.estimate("expired P6").mean == 0
    assert nothing.estimate("expired P1").mean > 0


def test_differences_are_paired() -> None:
    rows = np.zeros((4, len(MEASURES)))
    rows[:, 1] = [1, 2, 3, 4]
    less = rows.copy()
    less[:, 1] *= 0.5
    none, half = Outcome(NONE, rows), Outcome(CAPS, less)
    assert half.ratio(none, "conversions").mean == -0.5
    assert half.ratio(none, "conversions").se == 0  # for every person it is just the half
    assert half.against(none, "conversions").mean == -1.25
    assert none.estimate("conversions").se == pytest.approx(np.std([1, 2, 3, 4], ddof=1) / 2)


def test_each_rule_can_be_taken_out() -> None:
    variants = ablations(policy())
    whole = live_one(town(), 7, 3, Variant(EVERAFTER, policy()))
    assert len({each.label for each in variants}) == len(variants) == 12
    assert all(each.policy != policy() or not each.sunsets or not each.holds for each in variants)
    free = next(each for each in variants if each.label == "ceilings")
    assert live_one(town(), 7, 3, free).mails >= whole.mails
