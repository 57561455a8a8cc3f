"""The time of an answer tells nobody what was found."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier, Event

import pytest

from service.web.steady import FEW, STEP, Steady
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
    steady, inside, over = Steady(30), Barrier(FEW + 1), Event()

    def come_in() -> None:
        with suppress(ZeroDivisionError), steady.time():
            inside.wait(120)
            over.wait(120)
            _ = 1 / 0  # or they would be quiet ones, each of whom stays for a whole step

    with ThreadPoolExecutor(FEW) as pool:
        crowd = [pool.submit(come_in) for _ in range(FEW)]
        inside.wait(120)
        try:
            assert took(steady, 0) < 15
        finally:
            over.set()
        assert [each.result() for each in crowd] == [None] * FEW


def test_what_goes_wrong_is_told_at_once() -> None:
    began = time.monotonic()
    with pytest.raises(ZeroDivisionError), Steady(30).time():
        _ = 1 / 0
    assert time.monotonic() - began < 15


def test_known_and_unknown_are_answered_in_the_same_time(open_shop: Callable[..., Shop]) -> None:
    shop = open_shop(form_limits="1000/hour")
    shop.publish()
    shop.sign_up()
    for who in ("ana@example.org", "new@example.org"):
        began = time.monotonic()
        assert shop.sign_up(who).status_code == 303
        assert time.monotonic() - began >= STEP
