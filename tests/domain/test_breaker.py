"""When too many people complain."""

from __future__ import annotations

import pytest

from service.domain.breaker import Breaker, state_of
from service.domain.policy import BreakerPolicy


@pytest.mark.parametrize(
    ("complaints", "mails", "state"),
    [
        (0, 0, Breaker.CLOSED),
        (3, 3_001, Breaker.CLOSED),
        (3, 3_000, Breaker.SLOW),
        (8, 2_667, Breaker.SLOW),
        (3, 1_000, Breaker.STOPPED),
        (3, 0, Breaker.STOPPED),
    ],
)
def test_one_complaint_in_a_thousand_slows_mail_down_and_three_stop_it(
    complaints: int, mails: int, state: Breaker
) -> None:
    assert state_of(complaints, mails, BreakerPolicy()) is state


def test_from_two_complaints_nothing_is_concluded() -> None:
    assert state_of(2, 10, BreakerPolicy()) is Breaker.CLOSED
    assert state_of(2, 10, BreakerPolicy(fewest=2)) is Breaker.STOPPED
