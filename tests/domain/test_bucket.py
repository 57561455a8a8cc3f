"""A bucket: bursts and rates, a day's quota, and slowing down for whoever asks for it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.bucket import (
    BURST,
    LONGEST_PAUSE,
    LOWEST,
    PAUSE,
    UNLIMITED_SLOWED,
    Answers,
    Bucket,
    Limit,
    draw,
    settle,
    share,
    strike_of,
)

T = 1_795_000_000.0
FRESH = Bucket(at=T)
STRUCK = Answers(strikes=1.0)


def drawn(bucket: Bucket, limit: Limit, wanted: int, now: float = T, service: int = 0) -> tuple[Bucket, int, int]:
    bucket, grant = draw(bucket, limit, service, wanted, now)
    return bucket, grant.service, grant.other


def test_without_a_limit_everything_leaves() -> None:
    assert drawn(FRESH, Limit(), 10_000)[1:] == (0, 10_000)


def test_a_bucket_fills_by_its_rate_up_to_its_burst() -> None:
    limit = Limit(rate=2.0, burst=10.0)
    bucket, _, first = drawn(FRESH, limit, 100)
    assert first == 1, "a new bucket is not trusted with a burst"
    bucket, _, second = drawn(bucket, limit, 100, T + 3)
    assert second == 6
    assert drawn(bucket, limit, 100, T + 3_600)[2] == 10


def test_service_mail_goes_first() -> None:
    limit = Limit(rate=1.0, burst=5.0)
    assert drawn(replace(FRESH, tokens=5.0), limit, 4, service=3)[1:] == (3, 2)


def test_a_days_quota_holds_other_mail_and_lets_service_mail_pass_where_it_is_ours() -> None:
    limit = Limit(day=10, quota=50, allowed=40, soft=True)
    bucket, service, other = drawn(FRESH, limit, 100, service=5)
    assert (service, other) == (5, 35)
    assert drawn(bucket, limit, 10, service=2)[1:] == (2, 0)
    assert drawn(bucket, replace(limit, soft=False), 10, service=2)[1:] == (0, 0)
    assert drawn(bucket, replace(limit, day=11), 100)[2] == 40, "the next day counts from nothing"
    assert drawn(bucket, replace(limit, day=9), 100)[2] == 0, "a host whose clock is late doesn't begin the day again"


@given(
    st.floats(0.01, 50),
    st.floats(1, 200),
    st.lists(st.tuples(st.floats(0, 100), st.integers(0, 50), st.integers(0, 50)), min_size=1, max_size=40),
)
def test_no_more_leaves_than_the_rate_and_one_burst(
    rate: float, burst: float, turns: list[tuple[float, int, int]]
) -> None:
    limit, bucket, now, left = Limit(rate=rate, burst=burst), FRESH, T, 0
    for pause, service, other in turns:
        now += pause
        bucket, *granted = drawn(bucket, limit, other, now, service)
        assert granted[0] <= service
        assert granted[1] <= other
        left += sum(granted)
    assert left <= rate * (now - T) + max(1.0, burst) + 1e-3


@given(st.integers(1, 400), st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=30))
def test_a_providers_own_quota_is_never_exceeded(quota: int, turns: list[tuple[int, int]]) -> None:
    limit, bucket, left = Limit(day=3, quota=quota, allowed=quota), FRESH, 0
    for service, other in turns:
        bucket, *granted = drawn(bucket, limit, other, T, service)
        left += sum(granted)
    assert left == bucket.count == min(quota, sum(map(sum, turns)))


def test_whoever_asks_to_slow_down_is_left_alone_and_then_gets_half() -> None:
    bucket = settle(FRESH, STRUCK, T)
    assert (bucket.factor, bucket.until) == (0.5, T + PAUSE)
    assert drawn(bucket, Limit(), 100, T + PAUSE - 1)[2] == 0
    assert drawn(bucket, Limit(), 100, T + PAUSE)[2] == int(BURST * UNLIMITED_SLOWED / 2)


def test_more_answers_of_the_same_storm_halve_it_once() -> None:
    bucket = settle(FRESH, STRUCK, T)
    assert settle(bucket, STRUCK, T + 5).factor == 0.5
    assert settle(bucket, STRUCK, T + PAUSE + 1).factor == 0.25


def test_it_never_stops_for_good() -> None:
    bucket, now = FRESH, T
    for _ in range(20):
        bucket = settle(bucket, STRUCK, now)
        assert bucket.until - now <= LONGEST_PAUSE
        now = bucket.until + 1
    assert bucket.factor == LOWEST
    assert drawn(bucket, Limit(rate=1.0, burst=5.0), 1, now + 64)[2] == 1


def test_mail_that_is_taken_lets_it_grow_back() -> None:
    bucket = settle(FRESH, STRUCK, T)
    for number in range(25):
        bucket = settle(bucket, Answers(taken=1), T + PAUSE + number)
    assert bucket.factor == pytest.approx(1.0)
    assert not settle(bucket, Answers(taken=5), T + PAUSE + 99).watched


def test_a_pause_that_was_asked_for_is_kept() -> None:
    assert settle(FRESH, Answers(strikes=1.0, after=42.0), T).until == T + 42
    paused = settle(FRESH, STRUCK, T)
    assert settle(paused, Answers(strikes=1.0, after=5_000.0), T + 1).until == T + 5_001


def test_what_was_not_used_is_given_back() -> None:
    limit = Limit(rate=1.0, burst=10.0, day=3, quota=10, allowed=10)
    bucket, *_ = drawn(replace(FRESH, tokens=10.0), limit, 10)
    assert drawn(settle(bucket, Answers(unused=4), T), limit, 10)[2] == 4


@pytest.mark.parametrize(
    ("code", "words", "strikes"),
    [
        ("421", "421 4.7.28 unusual rate", 1.0),
        ("429", "Too many requests", 1.0),
        ("450", "450 4.7.1 greylisted", 1 / 3),
        ("451", "451 try again", 1 / 3),
        ("452", "452 4.2.2 The mailbox is full", 0.0),
        ("450", "450 4.1.1 no such user yet", 0.0),
        ("connect", "no connection", 0.0),
        ("budget", "its time was over", 0.0),
    ],
)
def test_what_a_refusal_says_of_its_group(code: str, words: str, strikes: float) -> None:
    assert strike_of(code, words) == strikes


def test_one_greylisting_in_ten_slows_nobody_down_and_three_in_a_row_do() -> None:
    bucket = FRESH
    for number in range(300):
        bucket = settle(bucket, Answers(taken=9 if number % 2 else 11, strikes=1 / 3), T + number)
    assert bucket.factor == 1.0
    for _ in range(3):
        bucket = settle(bucket, Answers(strikes=1 / 3), T + 400)
    assert bucket.factor == 0.5


@given(st.floats(0.1, 100), st.integers(0, 1_000), st.integers(1, 50), st.integers(0, 1_000))
def test_the_shares_of_all_together_are_no_more_than_the_limit(
    rate: float, allowed: int, members: int, left: int
) -> None:
    part = share(Limit(rate=rate, burst=50.0, day=3, quota=allowed, allowed=allowed), members, left)
    assert part.rate * members <= rate * (1 + 1e-9)
    assert part.allowed * members + left <= max(allowed, left)
    assert share(Limit(), members).open
