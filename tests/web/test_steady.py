"""The time of an answer tells nobody what was found."""

from __future__ import annotations

import time
from contextlib import ExitStack

import pytest

from service.web.current import current_reception
from service.web.steady import FEW, Steady
from tests.web.shop import Shop


def took(steady: Steady, seconds: float) -> float:
    began = time.monotonic()
    with steady.time():
        time.sleep(seconds)
    return time.monotonic() - began


@pytest.mark.parametrize(("work", "least"), [(0, 0.1), (0.03, 0.1), (0.12, 0.2)])
def test_it_takes_a_whole_number_of_steps(work: float, least: float) -> None:
    assert took(Steady(0.1), work) >= least


def test_in_a_crowd_nobody_is_kept_waiting() -> None:
    steady = Steady(30)
    with ExitStack() as crowd:
        for _ in range(FEW):
            crowd.enter_context(steady.time())
        assert took(steady, 0) < 15
        steady.step = 0


def test_what_goes_wrong_is_told_at_once() -> None:
    began = time.monotonic()
    with pytest.raises(ZeroDivisionError), Steady(30).time():
        _ = 1 / 0
    assert time.monotonic() - began < 15


def test_known_and_unknown_are_answered_in_the_same_time(shop: Shop) -> None:
    shop.sign_up()
    with shop.client.application.app_context():
        current_reception().steady.step = 0.25
    for who in ("ana@example.org", "new@example.org"):
        began = time.monotonic()
        shop.sign_up(who)
        assert time.monotonic() - began >= 0.25
