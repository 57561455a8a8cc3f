"""Who never reacts is asked once whether they want to stay."""

from __future__ import annotations

from datetime import timedelta

import pytest

from service.domain.policy import SunsetPolicy
from service.domain.sunset import silence_ends, unengaged
from tests.domain.stories import at

NOW = at("2026-11-20 10:00")
POLICY = SunsetPolicy()


@pytest.mark.parametrize(
    ("mails", "days", "ever", "asked"),
    [
        (11, 90, False, True),
        (10, 400, False, False),
        (11, 89, False, False),
        (11, 90, True, False),
        (15, 400, True, False),
        (16, 90, True, True),
    ],
)
def test_eleven_mails_or_sixteen_for_whoever_reacted_once_and_ninety_days(
    mails: int, days: int, ever: bool, asked: bool
) -> None:
    assert unengaged(mails, NOW - timedelta(days=days), ever, POLICY, NOW) is asked


def test_who_got_no_mail_is_not_asked() -> None:
    assert not unengaged(0, None, False, POLICY, NOW)


def test_the_silence_after_the_question_lasts_sixty_days() -> None:
    assert silence_ends(NOW, POLICY) == at("2027-01-19 10:00")
