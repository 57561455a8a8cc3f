"""Whoever is forgotten is found nowhere any more: not in the database, not in Valkey, not in the mailbox."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator

import pytest
from redis import Redis
from sqlalchemy import func, make_url, select

from service.local.postgres import find_tool
from service.settings import Settings
from service.store.contact import Contact, Suppression
from service.store.event import Hit
from service.store.feedback import FeedbackTally
from tests.cli.command import everafter
from tests.privacy.life import CANARIES, EMAIL, FRIEND, Life


@pytest.fixture
def life(settings: Settings) -> Iterator[Life]:
    life = Life(settings)
    yield life
    life.close()


def dumped(url: str) -> str:
    """The whole database as SQL, by PostgreSQL's own tool, and the bytes that it spells in hexadecimal as text."""
    address = make_url(url)
    where = ("-h", str(address.query["host"]), "-U", str(address.username), str(address.database))
    environment = os.environ | {"PGPASSWORD": str(address.password)}
    done = subprocess.run(
        [find_tool("pg_dump"), "--inserts", *where], env=environment, capture_output=True, check=True, timeout=60
    )
    said = done.stdout.decode()
    bodies = [bytes.fromhex(word[2:]) for word in said.split("'") if word.startswith("\\x") and len(word) % 2 == 0]
    return said + b"\n".join(bodies).decode(errors="replace")


def kept_in(redis: Redis) -> str:
    """Every key of Valkey with all that it holds."""
    readers = {
        b"string": redis.get,
        b"hash": redis.hgetall,
        b"list": lambda key: redis.lrange(key, 0, -1),
        b"set": redis.smembers,
        b"zset": lambda key: redis.zrange(key, 0, -1, withscores=True),
        b"stream": redis.xrange,
    }
    return "\n".join(f"{key!r} {readers[redis.type(key)](key)!r}" for key in redis.scan_iter())


def read_mailbox(life: Life) -> str:
    parts = [part.get_payload(decode=True) or b"" for mail in life.mails() for part in mail.walk()]
    fields = [f"{name}: {value}" for mail in life.mails() for name, value in mail.items()]
    return b"\n".join(parts).decode(errors="replace") + "\n".join(fields)


def found(text: str) -> list[str]:
    return [each for each in CANARIES if each in text.lower()]


@pytest.mark.slow
def test_nothing_of_a_whole_life_is_left_but_a_keyed_hash_and_counts(life: Life, redis: Redis) -> None:
    her = life.live()
    before = dumped(life.settings.database_url)
    assert found(before) == list(CANARIES)  # or the search would prove nothing
    assert set(found(read_mailbox(life))) >= {"zefira.quuxling", "zefirina", "lilac-highlights"}
    hits = count(life, Hit)
    assert hits > 0
    told = {"DATABASE_URL": life.settings.database_url, "REDIS_URL": life.settings.redis_url}
    done = everafter("erase", EMAIL, "--yes", "--json", **told, EVERAFTER_HOME=str(life.settings.home))
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    for what in ("person", "consents", "events", "mails", "sequences", "tasks", "passed_on", "answers"):
        assert report["removed"][what] > 0, report
    for what in ("notices", "told_to_others", "opens_and_clicks", "copies", "told_of_mails"):
        assert report["removed"][what] > 0, report
    assert report["kept"] == {"suppressions": 1}
    life.work()  # what waited to be read is read, and gone
    after = dumped(life.settings.database_url)
    assert found(after) == []
    assert found(kept_in(redis)) == []
    assert found(read_mailbox(life)) == []
    # What says nothing of anybody stays, and others' lives go on.
    assert count(life, Hit) == hits
    assert count(life, Suppression) == 1
    assert count(life, FeedbackTally) > 0
    assert FRIEND in after
    assert life.contact(FRIEND).id != her


def test_a_person_who_comes_back_is_new_and_still_not_written_to_where_they_left(life: Life) -> None:
    life.sign_up(EMAIL)
    first = life.contact().id
    life.api("POST", "/suppressions", {"email": EMAIL, "reason": "unsubscribed"})
    life.api("DELETE", f"/contacts/{first}")
    life.sign_up(EMAIL)
    assert life.contact().id != first
    given = life.api("GET", f"/contacts/{life.contact().id}").json
    assert given["suppressed"]


def count(life: Life, table: type) -> int:
    with life.runtime.session() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_nobody_is_erased_twice(life: Life) -> None:
    life.sign_up(EMAIL)
    told = {"DATABASE_URL": life.settings.database_url, "REDIS_URL": life.settings.redis_url}
    refused = everafter("erase", EMAIL, **told)
    assert refused.returncode == 1  # nobody said yes
    assert life.contact().email_key == EMAIL.lower()
    assert everafter("erase", EMAIL, "--yes", **told).stdout.startswith("Removed:")
    again = everafter("erase", EMAIL, "--yes", **told)
    assert (again.returncode, again.stdout) == (1, "")
    assert "no contact" in again.stderr
    assert count(life, Contact) == 0
