"""How fast mail leaves: the warm-up of a new sender, and what business.yaml says as limits."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.pacing import DAY, WARM, Pacing, Rate, limit_in_all, limit_of, quota_of, so_far, warm_up_day

MONDAY = datetime(2026, 11, 23, 12)


def test_a_warm_up_follows_the_published_ramp_and_then_grows_by_three_tenths() -> None:
    assert [quota_of(day) for day in (1, 3, 4, 7, 8, 11, 15, 18, 21, 22, 23)] == [
        20, 20, 50, 50, 100, 200, 500, 1_000, 1_000, 1_300, 1_690,
    ]  # fmt: skip


@given(st.integers(1, 5_000))
def test_a_warm_up_never_falls_nor_more_than_trebles(day: int) -> None:
    assert quota_of(day) <= quota_of(day + 1) <= min(WARM, 2.5 * quota_of(day) + 1)


def test_a_warm_up_ends_at_the_limit_it_was_given() -> None:
    began = date(2026, 11, 22)
    pacing = Pacing(warm_up=began, warm_up_to=500)
    assert [warm_up_day(pacing, began + timedelta(days)) for days in (-3, 0, 13, 14)] == [1, 1, 14, None]
    assert warm_up_day(Pacing(), began) is None
    assert warm_up_day(Pacing(warm_up=began), began + timedelta(60)) is None


@given(st.integers(1, 100_000), st.times(), st.times())
def test_a_days_quota_opens_with_the_hours_and_is_whole_in_the_evening(quota: int, one, other) -> None:
    day = date(2026, 11, 23)
    earlier, later = sorted((one, other))
    first, second = (so_far(quota, datetime.combine(day, each)) for each in (earlier, later))
    assert 1 <= first <= second <= quota
    assert so_far(quota, datetime.combine(day, datetime.max.time())) == quota


def test_a_groups_limit_is_its_rate_within_the_warm_up() -> None:
    pacing = Pacing(
        each=Rate(100, 60), groups=(("gmail", Rate(10, 1)), ("yahoo", Rate(30, DAY))), warm_up=date(2026, 11, 20)
    )
    gmail = limit_of(pacing, "gmail", MONDAY)
    assert (gmail.rate, gmail.quota, gmail.soft) == (10.0, 50, True)
    assert 20 <= gmail.allowed <= 25
    assert limit_of(pacing, "glow.example", MONDAY).rate == pytest.approx(100 / 60)
    yahoo = limit_of(pacing, "yahoo", MONDAY)
    assert (yahoo.rate, yahoo.allowed, yahoo.soft) == (0.0, 30, False)


def test_without_pacing_nothing_is_limited() -> None:
    assert limit_of(Pacing(), "gmail", MONDAY).open
    assert limit_in_all(Pacing(), MONDAY).open


def test_the_mail_services_limits_hold_for_all_mail() -> None:
    limit = limit_in_all(Pacing(in_all=(Rate(14, 1), Rate(500, 60), Rate(50_000, DAY))), MONDAY)
    assert (limit.rate, limit.allowed) == (pytest.approx(500 / 60), 50_000)
