"""Hits leave a web process many at a time, by whichever way is open, and what cannot leave is kept and counted."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from redis import Redis
from sqlalchemy import Engine, func, select, text
from structlog.testing import capture_logs

from service.domain.hit import Kind, RawHit
from service.domain.sequence.vocabulary import Kind as MailKind
from service.store import stream
from service.store.delivery import Delivery
from service.store.event import Hit
from service.web import gatherer
from service.web.gatherer import DROPPED, Gatherer
from tests.actions.house import House
from tests.domain.stories import day, letters, step
from tests.waiting import until

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
NOBODY = Redis.from_url("redis://127.0.0.1:1", socket_connect_timeout=0.5)


@pytest.fixture
def house(engine: Engine) -> House:
    house = House(engine, letters(step("checklist", day(0), MailKind.SERVICE)))
    house.sign_up()
    house.work()
    return house


@pytest.fixture
def gathers(engine: Engine) -> Iterator[Callable[[Redis], Gatherer]]:
    made: list[Gatherer] = []

    def gather(redis: Redis) -> Gatherer:
        made.append(Gatherer(redis, engine))
        return made[-1]

    yield gather
    for each in made:
        each.close()


@contextmanager
def in_one_moment(hits: Gatherer) -> Iterator[None]:
    """Whatever comes meanwhile comes before its thread begins, however long a busy machine takes for it."""
    hits._filled.set()
    yield
    hits._wake()


def in_stream(redis: Redis) -> list[RawHit]:
    return [hit for entry in stream.read(redis, 5_000) for hit in entry.hits]


def in_table(house: House) -> int:
    with house.begin() as session:
        return session.scalar(select(func.count()).select_from(Hit)) or 0


def delivery_id(house: House) -> int:
    with house.begin() as session:
        return session.scalars(select(Delivery.id)).one()


def test_hits_are_gathered_and_leave_together(redis: Redis, gathers: Callable[[Redis], Gatherer]) -> None:
    hits = gathers(redis)
    with in_one_moment(hits):
        for number in range(100):
            hits.add(Kind.CLICK, number, 7, "GET", FIREFOX)
    until(lambda: redis.xlen(stream.STREAM), "something is in the stream")
    came = in_stream(redis)
    assert [hit.delivery_id for hit in came] == list(range(100))
    assert len({hit.nonce for hit in came}) == 100
    assert redis.xlen(stream.STREAM) == 1
    assert (came[0].kind, came[0].link_id, came[0].method, came[0].user_agent) == ("click", 7, "GET", FIREFOX)


def test_two_processes_never_give_one_nonce(redis: Redis, gathers: Callable[[Redis], Gatherer]) -> None:
    for hits in (gathers(redis), gathers(redis)):
        hits.add(Kind.OPEN, 1, None, "GET", FIREFOX)
    until(lambda: redis.xlen(stream.STREAM) == 2, "two are in the stream")
    assert len({hit.nonce for hit in in_stream(redis)}) == 2


def test_a_hostile_user_agent_is_cut_and_cleaned(redis: Redis, gathers: Callable[[Redis], Gatherer]) -> None:
    gathers(redis).add(Kind.OPEN, 1, None, "GET", "a\x00\r\nb" + "x" * 5_000)
    until(lambda: redis.xlen(stream.STREAM), "something is in the stream")
    (hit,) = in_stream(redis)
    assert hit.user_agent.startswith("abxxx")
    assert len(hit.user_agent) <= 256


def test_without_redis_hits_go_to_the_table(house: House, gathers: Callable[[Redis], Gatherer]) -> None:
    hits = gathers(NOBODY)
    for _ in range(3):
        hits.add(Kind.OPEN, delivery_id(house), None, "GET", FIREFOX)
    until(lambda: in_table(house) == 3, "three are in the table")


def test_a_full_stream_sends_hits_to_the_table(
    house: House, redis: Redis, gathers: Callable[[Redis], Gatherer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "FULL", 0)
    gathers(redis).add(Kind.OPEN, delivery_id(house), None, "GET", FIREFOX)
    until(lambda: in_table(house) == 1, "one is in the table")


def test_with_both_away_hits_are_kept_until_one_is_back(
    house: House, engine: Engine, gathers: Callable[[Redis], Gatherer]
) -> None:
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE hit RENAME TO away"))
    hits = gathers(NOBODY)
    delivery = delivery_id(house)
    with capture_logs() as logs:
        hits.add(Kind.OPEN, delivery, None, "GET", FIREFOX)
        until(lambda: any(line["event"] == "hits.kept" for line in logs), "it is logged")
    hits.add(Kind.OPEN, delivery, None, "GET", FIREFOX)
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE away RENAME TO hit"))
    until(lambda: in_table(house) == 2, "two are in the table")


def test_no_more_is_kept_than_there_is_room_for_and_the_rest_is_counted(
    house: House, engine: Engine, gathers: Callable[[Redis], Gatherer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gatherer, "ROOM", 3)
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE hit RENAME TO away"))
    hits = gathers(NOBODY)
    before = DROPPED._value.get()
    delivery = delivery_id(house)
    with capture_logs() as logs:
        with in_one_moment(hits):
            for _ in range(10):
                hits.add(Kind.OPEN, delivery, None, "GET", FIREFOX)
        until(lambda: any(line["event"] == "hits.dropped" for line in logs), "it is logged")
        time.sleep(1.5)
    assert DROPPED._value.get() - before == 7
    assert [line["count"] for line in logs if line["event"] == "hits.dropped"] == [7], "said once, not each second"
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE away RENAME TO hit"))
    until(lambda: in_table(house) == 3, "three are in the table")


def test_a_stop_hands_on_what_is_left(redis: Redis, gathers: Callable[[Redis], Gatherer]) -> None:
    hits = gathers(redis)
    hits.add(Kind.OPEN, 1, None, "GET", FIREFOX)
    hits.close()
    assert len(in_stream(redis)) == 1


def test_a_stop_with_nobody_there_says_what_is_lost(
    house: House, engine: Engine, gathers: Callable[[Redis], Gatherer]
) -> None:
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE hit RENAME TO away"))
    hits = gathers(NOBODY)
    with capture_logs() as logs:
        hits.add(Kind.OPEN, delivery_id(house), None, "GET", FIREFOX)
        hits.close()
    assert [line["count"] for line in logs if line["event"] == "hits.lost"] == [1]


def _serve_one(redis_url: str, engine: Engine) -> None:
    Gatherer(Redis.from_url(redis_url), engine).add(Kind.OPEN, 1, None, "GET", FIREFOX)


@pytest.mark.parametrize("way", ["fork", "spawn"])
def test_the_end_of_a_server_process_hands_on_what_is_left(
    way: str, redis: Redis, redis_url: str, engine: Engine
) -> None:
    """As granian's workers end: they are processes of multiprocessing, where atexit may not run."""
    process = multiprocessing.get_context(way).Process(target=_serve_one, args=(redis_url, None))
    process.start()
    process.join(120)
    assert process.exitcode == 0
    assert len(in_stream(redis)) == 1
