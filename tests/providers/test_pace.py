"""Buckets in a real Valkey: the same numbers as the pure ones, one for all processes, and a share without it."""

from __future__ import annotations

import multiprocessing
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis import Redis
from sqlalchemy import Engine

from service.domain.bucket import Answers, Ask, Bucket, Grant, Limit, draw, settle
from service.local.valkey import Valkey
from service.providers.mx import MailboxGroups
from service.providers.pace import Pace, key_of, read_buckets
from service.store.seat import Seats
from tests.local.homes import fresh_home

GLOW = "glow.example"
FAST = Limit(rate=200.0, burst=20.0)


def pace_of(url: str, members: int = 1, seats: Seats | None = None) -> Pace:
    redis = Redis.from_url(url, socket_timeout=60.0)  # a busy machine is not a Valkey that is away
    return Pace(redis, MailboxGroups(redis, None), members, seats)


@pytest.fixture
def pace(redis_url: str) -> Pace:
    return pace_of(redis_url)


def ask(limit: Limit, other: int, service: int = 0, group: str = "gmail") -> list[Ask]:
    return [Ask(group, limit, service, other)]


@contextmanager
def away(pace: Pace) -> Iterator[None]:
    """Valkey doesn't answer meanwhile."""
    pool = pace._redis.connection_pool
    there, pool.connection_kwargs["path"] = pool.connection_kwargs["path"], "/nowhere"
    pool.reset()
    yield
    pool.connection_kwargs["path"] = there
    pool.reset()


def one(pace: Pace, limit: Limit, other: int, service: int = 0) -> Grant:
    return pace.draw(GLOW, ask(limit, other, service))[0]


def test_where_nothing_is_limited_nothing_is_written(pace: Pace, redis: Redis) -> None:
    assert one(pace, Limit(), 100, 3) == Grant(3, 100, 103)
    pace.settle(GLOW, {"gmail": Answers(taken=103)})
    assert redis.keys("pace:*") == []


def test_every_key_expires(pace: Pace, redis: Redis) -> None:
    one(pace, FAST, 5)
    pace.attend(3)
    keys = redis.keys("pace:*")
    assert len(keys) == 3
    assert all(0 < redis.ttl(key) <= 172_800 for key in keys)


STRIKES = st.sampled_from((0.0, 1 / 3, 1.0))
turns = st.lists(
    st.one_of(
        st.tuples(st.just("draw"), st.integers(0, 9), st.integers(0, 30), st.integers(-1, 60), st.booleans()),
        st.tuples(
            st.just("settle"), st.integers(0, 9), st.integers(0, 9), st.sampled_from([0.0, 1 / 3, 1.0]), st.none()
        ),
    ),
    max_size=25,
)


@given(st.sampled_from([0.0, 0.01, 7.0]), turns)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_valkey_and_the_core_come_to_the_same_numbers(pace: Pace, redis: Redis, rate: float, turns: list) -> None:
    redis.delete(key_of(GLOW, "gmail"))
    bucket = Bucket()
    for what, first, second, third, soft in turns:
        now = time.time()
        if what == "draw":
            limit = Limit(rate, max(1.0, 5 * rate), 7, third, third, bool(soft))
            there = one(pace, limit, second, first)
            kept = read_buckets(redis, GLOW).get("gmail")
            bucket, here = draw(bucket, limit, first, second, kept.at if kept else now)  # by Valkey's own clock
            assert (there.service, there.other, there.left) == (here.service, here.other, here.left)
            assert there.factor == pytest.approx(here.factor)
            assert there.pause == pytest.approx(here.pause)
            assert there.watched == here.watched
        else:
            answers = Answers(first, second, third)
            pace.settle(GLOW, {"gmail": answers})
            bucket = settle(bucket, answers, now)
            kept = read_buckets(redis, GLOW).get("gmail")
        if kept is None:
            assert not bucket.watched
            bucket = Bucket()
        else:
            wanted = asdict(bucket)
            until = wanted.pop("until")
            assert kept.until == pytest.approx(until, abs=60.0)  # its pause began when Valkey was asked
            assert {name: getattr(kept, name) for name in wanted} == pytest.approx(wanted)
            bucket = Bucket(**wanted, until=kept.until)


def test_many_threads_draw_no_more_than_the_rate_and_one_burst(redis_url: str) -> None:
    began = time.monotonic()
    stop = threading.Event()

    def run() -> int:
        pace, left = pace_of(redis_url), 0
        while not stop.is_set():
            left += one(pace, FAST, 7).other
        return left

    with ThreadPoolExecutor(12) as pool:
        runs = [pool.submit(run) for _ in range(12)]
        time.sleep(2.0)
        stop.set()
        left = sum(each.result() for each in runs)
    seconds = time.monotonic() - began
    assert 200 < left <= FAST.rate * seconds + FAST.burst


def _draw_for(url: str, seconds: float, drawn: multiprocessing.Queue) -> None:
    pace, ends, left = pace_of(url), time.monotonic() + seconds, 0
    quota = Limit(day=9, quota=300, allowed=300)
    while time.monotonic() < ends:
        left += one(pace, quota, 3).other
    drawn.put(left)


def test_many_processes_draw_a_days_quota_and_not_one_more(redis_url: str) -> None:
    spawn = multiprocessing.get_context("spawn")
    drawn = spawn.Queue()
    family = [spawn.Process(target=_draw_for, args=(redis_url, 2.0, drawn)) for _ in range(4)]
    for process in family:
        process.start()
    left = sum(drawn.get(timeout=200) for _ in family)
    for process in family:
        process.join()
    assert left == 300


def test_one_group_that_asks_to_slow_down_slows_no_other(pace: Pace) -> None:
    pace.settle(GLOW, {"gmail": Answers(strikes=1.0)})
    gmail, yahoo = pace.draw(GLOW, ask(Limit(), 10) + ask(Limit(), 10, group="yahoo"))
    assert (gmail.other, yahoo.other) == (0, 10)
    assert 590 < gmail.pause <= 600
    (elsewhere,) = pace.draw("other.example", ask(Limit(), 10))
    assert elsewhere.other == 10, "another sender has its own name with them"


def test_seats_are_taken_given_up_and_given_to_the_next(redis_url: str) -> None:
    first, second, third = (pace_of(redis_url) for _ in range(3))
    assert [each.attend(2) for each in (first, second, third)] == [True, True, False]
    assert first.attend(2), "whoever sits stays seated"
    first.leave()
    assert third.attend(2)
    assert not first.attend(2)
    assert first.attend(0), "where any number may, all may"


def test_with_valkey_stopped_no_more_hand_over_at_once_than_may(engine: Engine) -> None:
    with fresh_home() as home:
        with Valkey(home) as server:
            paces = [pace_of(server.url, seats=Seats(engine)) for _ in range(5)]
            assert sum(pace.attend(2) for pace in paces) == 2
            for pace in paces:
                pace.leave()
        assert sum(pace.attend(2) for pace in paces) == 2, "any other number would flood, or stop"
        sits = [pace.attend(2) for pace in paces]
        assert sits.count(True) == 2, "whoever sits stays seated"
        first, stands = paces[sits.index(True)], paces[sits.index(False)]
        first.leave()
        assert stands.attend(2), "a seat that was given up is the next one's"
        assert not first.attend(2)
        assert first.attend(0), "where any number may, all may"
        for pace in paces:
            pace.leave()


def test_a_seat_is_given_back_to_valkey_as_soon_as_it_answers(engine: Engine, redis_url: str, monkeypatch) -> None:
    monkeypatch.setattr("service.providers.pace.REST", 0.0)
    first, second = (pace_of("redis://127.0.0.1:1", seats=Seats(engine)) for _ in range(2))
    assert [each.attend(1) for each in (first, second)] == [True, False]
    there = pace_of(redis_url)
    first._attend.registered_client = there._redis
    assert first.attend(1)
    assert second.attend(1), "PostgreSQL keeps no seat any more"
    assert not there.attend(1)
    second.leave()


def test_without_valkey_all_together_keep_to_the_rate_and_none_stops() -> None:
    paces = [pace_of("redis://127.0.0.1:1", members=4) for _ in range(4)]
    limit, began = Limit(rate=40.0, burst=40.0), time.monotonic()
    left = [0] * 4
    while min(left) < 15:  # that none stops
        for number, each in enumerate(paces):
            left[number] += one(each, limit, 50).other
        time.sleep(0.01)
    assert sum(left) <= limit.rate * (time.monotonic() - began) + 4
    assert one(paces[0], Limit(), 500).other == 500, "what has no limit has none now either"
    paces[0].settle(GLOW, {"gmail": Answers(strikes=1.0)})
    assert one(paces[0], limit, 5).other == 0
    assert paces[0].attend(1)


def test_what_valkey_gave_and_was_not_used_is_given_back_when_it_answers_again(redis_url: str, monkeypatch) -> None:
    monkeypatch.setattr("service.providers.pace.REST", 3600.0)
    pace = pace_of(redis_url)
    quota = Limit(day=9, quota=100, allowed=100)
    assert one(pace, quota, 30).other == 30
    with away(pace):
        pace.attend(0)  # it hears nothing, and rests
        pace.settle(GLOW, {"gmail": Answers(taken=18, unused=12)})
    assert read_buckets(pace._redis, GLOW)["gmail"].count == 30
    pace._rests_until = 0.0
    assert one(pace, quota, 0).left == 18
    assert one(pace, quota, 100).other == 82


def test_what_left_while_valkey_was_away_is_counted_when_it_is_back(redis_url: str, monkeypatch) -> None:
    monkeypatch.setattr("service.providers.pace.REST", 0.0)
    pace = pace_of(redis_url)
    quota = Limit(rate=1_000.0, burst=1_000.0, day=9, quota=100, allowed=100)
    assert one(pace, quota, 1).other == 1
    alone = 0
    with away(pace):
        for _ in range(4):
            alone += one(pace, quota, 30).other
            time.sleep(0.05)
    assert alone == 3, "one at a time, from an empty bucket on"
    assert read_buckets(pace._redis, GLOW)["gmail"].count == 1
    one(pace, quota, 0)
    assert read_buckets(pace._redis, GLOW)["gmail"].count == 1 + alone
