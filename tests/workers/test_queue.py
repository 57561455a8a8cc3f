"""The queue runs what is on the list and nothing else, whoever wrote into Redis."""

from __future__ import annotations

import threading
import time
from functools import partial
from typing import Any

import pytest
from redis import Redis
from rq.serializers import JSONSerializer

from service.bell import QUEUE, QUIET, WORK, RedisBell, open_queue
from tests.waiting import until
from workers.queue import CalmWorker, ListedJob

LONG = 1_000  # milliseconds, in which even a busy machine does a few things


def work_off(redis: Redis) -> CalmWorker:
    queue = open_queue(redis)
    worker = CalmWorker([queue], connection=redis, job_class=ListedJob, serializer=JSONSerializer)
    worker.work(burst=True, logging_level="CRITICAL")
    return worker


@pytest.mark.parametrize(
    ("function", "arguments"),
    [("os.system", ["true"]), ("subprocess.check_output", [["true"]]), (WORK, ["an argument"]), ("builtins.print", [])],
)
def test_a_job_that_is_not_on_the_list_fails_without_running(redis: Redis, function: str, arguments: list) -> None:
    job = open_queue(redis).enqueue_call(function, args=arguments)
    work_off(redis)
    listed = ListedJob.fetch(job.id, connection=redis, serializer=JSONSerializer)
    assert listed.get_status() == "failed"
    assert "is not a job of this service" in (listed.latest_result().exc_string or "")


def test_many_rings_make_one_job(redis: Redis) -> None:
    bell = RedisBell(redis, workers=1)
    assert all(bell.ring() for _ in range(50))
    assert redis.llen(f"rq:queue:{QUEUE}") == 1
    bell.close()


def _has(redis: Redis, jobs: int) -> bool:
    return redis.llen(f"rq:queue:{QUEUE}") >= jobs


def test_whoever_rings_too_soon_after_another_is_heard_in_a_moment(redis: Redis) -> None:
    """The other's job may have looked already, and the next tick is far away."""
    mine, others = RedisBell(redis, workers=9, quiet=LONG), RedisBell(redis, workers=9, quiet=LONG)
    others.ring()
    for _ in range(50):
        assert mine.ring()
    assert redis.llen(f"rq:queue:{QUEUE}") == 1
    until(partial(_has, redis, 2), "it rings again")
    mine.close()


def test_no_ring_is_lost_that_comes_at_once_after_anothers(redis: Redis) -> None:
    """Redis counts time in whole milliseconds: the other's quiet ends a little later than we reckon."""
    for number in range(10):
        mine = RedisBell(redis, workers=99)
        redis.set("bell", "1", px=QUIET)  # somebody else rings
        mine.ring()
        until(partial(_has, redis, number + 1), "the ring is made up for")
        mine.close()


def test_a_bell_that_is_taken_down_rings_no_more(redis: Redis) -> None:
    bell = RedisBell(redis, workers=9, quiet=LONG)
    bell.ring()
    bell.ring()
    bell.close()
    time.sleep(1.2 * LONG / 1000)
    assert redis.llen(f"rq:queue:{QUEUE}") == 1


class _Slow(Redis):
    """Asked to set something, it takes its time."""

    def set(self, *args: Any, **options: Any) -> Any:
        self.asked.set()
        time.sleep(LONG / 4000)
        self.answered.set()
        return super().set(*args, **options)


def test_a_bell_that_is_taken_down_waits_for_its_ring_on_the_way(redis: Redis) -> None:
    """Whoever takes it down closes the connection next."""
    slow = _Slow(connection_pool=redis.connection_pool)
    slow.asked, slow.answered = threading.Event(), threading.Event()
    RedisBell(redis, workers=9, quiet=LONG).ring()
    bell = RedisBell(slow, workers=9, quiet=LONG)
    bell.ring()
    slow.asked.clear()
    slow.answered.clear()
    assert slow.asked.wait(60)
    bell.close()
    assert slow.answered.is_set()


def test_the_queue_never_grows_longer_than_the_workers(redis: Redis) -> None:
    bell = RedisBell(redis, workers=2)
    for _ in range(5):
        redis.delete("bell")
        bell.ring()
    assert redis.llen(f"rq:queue:{QUEUE}") == 2


def test_a_bell_without_redis_says_so_and_raises_nothing() -> None:
    away = Redis.from_url("redis://127.0.0.1:1", socket_connect_timeout=0.5)
    assert RedisBell(away, workers=1).ring() is False
