"""From the stream to the table: every hit once, by several hosts at a time, with or without Redis."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from redis import Redis
from sqlalchemy import func, select, text
from sqlalchemy.exc import SQLAlchemyError

from service.actions.judge_clicks import clicks_wait
from service.clock import machine_now
from service.domain.hit import RawHit
from service.runtime import Runtime
from service.settings import Settings
from service.store import stream
from service.store.delivery import Delivery
from service.store.event import Event, Hit
from tests.web.shop import Shop
from workers.drain import drain

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
AGO = timedelta(seconds=10)
STILL_FRESH = -timedelta(minutes=1)  # however long it takes us to look


@pytest.fixture
def runtime(settings: Settings) -> Iterator[Runtime]:
    """A shop whose checklist somebody has asked for, a minute ago as the machine has it."""
    runtime = Runtime(settings.model_copy(update={"form_limits": "off"}))
    shop = Shop(runtime)
    shop.publish()
    shop.sign_up()
    with runtime.session() as session:
        session.execute(text("UPDATE delivery SET handed_machine_at = clock_timestamp() - interval '1 minute'"))
    yield runtime
    runtime.close()


def hits(runtime: Runtime, count: int, kind: str = "open", ago: timedelta = AGO, nonce: str = "n") -> list[RawHit]:
    with runtime.session() as session:
        delivery = session.scalars(select(Delivery.id).order_by(Delivery.id).limit(1)).one()
    return [
        RawHit(f"{nonce}{number}", kind, delivery, 1 if kind == "click" else None, machine_now() - ago, "GET", FIREFOX)
        for number in range(count)
    ]


def stored(runtime: Runtime) -> int:
    with runtime.session() as session:
        return session.scalar(select(func.count()).select_from(Hit)) or 0


def clicks(runtime: Runtime) -> list[Event]:
    with runtime.session() as session:
        return list(session.scalars(select(Event).where(Event.name == "click")))


def clicks_left(runtime: Runtime) -> bool:
    with runtime.session() as session:
        return clicks_wait(session)


def test_the_stream_is_emptied_into_the_table(runtime: Runtime) -> None:
    stream.append(runtime.redis, hits(runtime, 450))
    assert drain(runtime) == 450
    assert stored(runtime) == 450
    assert runtime.redis.xlen(stream.STREAM) == 0
    assert drain(runtime) == 0


def test_a_persons_click_becomes_an_event_and_the_next_drain_adds_none(runtime: Runtime) -> None:
    stream.append(runtime.redis, hits(runtime, 1, "click"))
    assert drain(runtime) == 1
    assert [event.key for event in clicks(runtime)] == ["n0"]
    drain(runtime)
    assert len(clicks(runtime)) == 1


def test_a_fresh_click_waits_for_its_neighbours(runtime: Runtime) -> None:
    stream.append(runtime.redis, hits(runtime, 1, "click", ago=STILL_FRESH))
    assert drain(runtime) == 1
    assert clicks(runtime) == []


def test_clicks_written_to_the_table_are_judged_without_redis(runtime: Runtime) -> None:
    stream.append(runtime.redis, hits(runtime, 1, "click", ago=STILL_FRESH))
    drain(runtime)
    assert clicks(runtime) == []
    with runtime.session() as session:
        session.execute(text("UPDATE hit SET at = at - interval '2 minutes'"))
    runtime.redis = Redis.from_url("redis://127.0.0.1:1", socket_connect_timeout=0.5)
    assert drain(runtime) == 0
    assert len(clicks(runtime)) == 1


def test_hits_of_a_failed_transaction_are_found_again_and_count_once(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream.append(runtime.redis, hits(runtime, 3))
    with runtime.engine.begin() as connection:
        connection.execute(text("ALTER TABLE hit RENAME TO away"))
    with pytest.raises(SQLAlchemyError):
        drain(runtime)
    with runtime.engine.begin() as connection:
        connection.execute(text("ALTER TABLE away RENAME TO hit"))
    assert drain(runtime) == 0, "somebody else may still be at it"
    monkeypatch.setattr(stream, "LEFT_BEHIND", 0)
    assert drain(runtime) == 3
    assert stored(runtime) == 3


def test_hits_committed_but_not_acknowledged_count_once(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    stream.append(runtime.redis, hits(runtime, 3))
    with monkeypatch.context() as killed:
        killed.setattr(stream, "forget", lambda redis, entries: None)
        killed.setattr("workers.drain.BUDGET", 0.5)
        assert drain(runtime) == 3
    monkeypatch.setattr(stream, "LEFT_BEHIND", 0)
    assert drain(runtime) == 0
    assert stored(runtime) == 3
    assert runtime.redis.xlen(stream.STREAM) == 0


def test_several_hosts_drain_at_once(runtime: Runtime) -> None:
    clicked = hits(runtime, 40, "click", nonce="c")
    for start in range(0, 40, 4):
        stream.append(runtime.redis, clicked[start : start + 4])
        stream.append(runtime.redis, hits(runtime, 200, nonce=f"o{start}-"))
    with ThreadPoolExecutor(4) as hosts:
        recorded = [each.result() for each in [hosts.submit(drain, runtime) for _ in range(4)]]
    while recorded[-1] or clicks_left(runtime):  # a host drains for five seconds at most
        recorded.append(drain(runtime))
    assert sum(recorded) == 2_040 == stored(runtime)
    assert len(clicks(runtime)) == 40
