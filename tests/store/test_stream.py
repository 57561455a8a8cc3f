"""The stream of hits: what goes in comes out the same, once or again, and never stands in the way."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from redis import Redis

from service.domain.hit import RawHit
from service.store import stream

AT = datetime(2026, 11, 21, 10, 0, 0, 123457, tzinfo=UTC)


def hit(number: int) -> RawHit:
    return RawHit(f"nonce-{number}", "click", number, 7, AT, "GET", "Mozilla/5.0 (ü)")


def read_all(redis: Redis) -> list[RawHit]:
    return [each for entry in stream.read(redis, 5000) for each in entry.hits]


def test_hits_come_out_as_they_went_in(redis: Redis) -> None:
    hits = [hit(number) for number in range(450)]
    stream.append(redis, hits)
    assert read_all(redis) == hits
    assert redis.xlen(stream.STREAM) == 3, "200 hits an entry at most"


def test_what_was_read_is_not_read_again_by_another_unless_it_was_left_behind(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream.append(redis, [hit(1)])
    assert read_all(redis) == [hit(1)]
    assert read_all(redis) == []
    monkeypatch.setattr(stream, "LEFT_BEHIND", 0)
    assert read_all(redis) == [hit(1)]


def test_what_is_forgotten_is_gone(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    stream.append(redis, [hit(1)])
    stream.forget(redis, stream.read(redis, 5000))
    monkeypatch.setattr(stream, "LEFT_BEHIND", 0)
    assert read_all(redis) == []
    assert redis.xlen(stream.STREAM) == 0
    assert redis.xpending(stream.STREAM, stream.GROUP)["pending"] == 0


def test_no_more_is_read_than_asked_for(redis: Redis) -> None:
    for number in range(5):
        stream.append(redis, [hit(number)])
    assert len(stream.read(redis, 400)) == 2


def test_an_entry_that_nobody_can_read_is_passed(redis: Redis) -> None:
    for wrong in ("{", "[[1]]", '[["n","open",1,null,"yesterday","GET",""]]', "7"):
        redis.xadd(stream.STREAM, {"hits": wrong})
    stream.append(redis, [hit(1)])
    entries = stream.read(redis, 5000)
    assert [entry.hits for entry in entries] == [(), (), (), (), (hit(1),)]
    stream.forget(redis, entries)
    assert redis.xlen(stream.STREAM) == 0


def test_a_stream_lost_with_its_redis_begins_anew(redis: Redis) -> None:
    stream.append(redis, [hit(1)])
    assert read_all(redis) == [hit(1)]
    redis.flushall()
    assert read_all(redis) == []
    stream.append(redis, [hit(2)])
    assert read_all(redis) == [hit(2)]


def test_a_full_stream_refuses_rather_than_forgets(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "FULL", 2)
    stream.append(redis, [hit(1)])
    stream.append(redis, [hit(2)])
    with pytest.raises(stream.StreamFull):
        stream.append(redis, [hit(3)])
    assert read_all(redis) == [hit(1), hit(2)]
