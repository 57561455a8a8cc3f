"""`everafter doctor`: hosts that work by other settings are told apart, and each thing amiss comes with what to do."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
from redis import Redis
from sqlalchemy import text

from service.agreement import name_of, what_must_agree
from service.cli.doctor import examine
from service.clock import machine_now
from service.runtime import Runtime
from service.settings import Settings
from service.store.host import announce
from tests.cli.command import everafter
from workers.beat import Beat

DKIM = {"dkim_domain": "glow.example", "dkim_selector": "a"}


@pytest.fixture
def runtime(settings: Settings) -> Iterator[Runtime]:
    runtime = Runtime(settings.model_copy(update={"provider": "smtp", "smtp_url": "smtp://u:p@mail.example:587"}))
    Beat(runtime, threading.Event()).announce()
    yield runtime
    runtime.close()


def beside(runtime: Runtime, ahead: timedelta = timedelta(0), connections: int = 30, **other: object) -> None:
    """Another host, whose settings differ in this."""
    settings = runtime.settings.model_copy(update=other)
    with runtime.session() as session:
        said = what_must_agree(settings, runtime.hash_key)
        announce(session, "second:/home", said, connections, machine_now() + ahead)


def amiss(runtime: Runtime) -> dict[str, str]:
    """What is amiss, by name; the test servers' haste left out, and that no mail server is where the settings say."""
    found = examine(runtime, runtime.settings)
    return {each.what: each.seen for each in found if each.advice and each.what not in {"durability", "credentials"}}


def test_hosts_that_are_alike_are_well(runtime: Runtime) -> None:
    beside(runtime)
    assert amiss(runtime) == {}
    (hosts,) = [each.seen for each in examine(runtime, runtime.settings) if each.what == "hosts"]
    assert hosts.startswith("2: ")
    assert name_of(runtime.settings) in hosts


@pytest.mark.parametrize(
    ("other", "name"),
    [
        ({"base_url": "https://mail.glow.example"}, "BASE_URL"),
        ({"smtp_url": "smtp://u:other@mail.example:587"}, "SMTP_URL"),
        ({"provider": "mailbox"}, "MAIL_PROVIDER"),
        ({**DKIM, "dkim_key": "k"}, "DKIM_KEY"),
        ({"speed": 60.0}, "EVERAFTER_SPEED"),
        ({"keep_hits": 90}, "KEEP_HITS"),
    ],
)
def test_a_host_with_another_setting_is_told(runtime: Runtime, other: dict[str, object], name: str) -> None:
    beside(runtime, **other)
    assert name in amiss(runtime)


def test_a_password_is_never_shown(runtime: Runtime) -> None:
    beside(runtime, smtp_url="smtp://u:other@mail.example:587")
    said = amiss(runtime)["SMTP_URL"]
    assert said.count("smtp://mail.example:587 (") == 2
    assert "other" not in said


def test_a_clock_that_is_wrong_and_too_many_connections_are_told(runtime: Runtime) -> None:
    began = time.monotonic()
    beside(runtime, ahead=timedelta(seconds=90), connections=500)
    way = time.monotonic() - began  # on which its clock stands still
    found = amiss(runtime)
    assert set(found) == {"clock", "connections"}
    seconds, _, where = found["clock"].partition(" s on ")
    assert 90 - way - 0.1 <= float(seconds) <= 90.1
    assert (seconds[0], where) == ("+", "second:/home")


def test_a_host_that_was_not_heard_of_for_long_does_not_count(runtime: Runtime) -> None:
    beside(runtime, base_url="https://mail.glow.example")
    with runtime.session() as session:
        session.execute(text("UPDATE host SET seen_at = seen_at - interval '3 minutes' WHERE name LIKE 'second%'"))
    assert amiss(runtime) == {}


def test_uncertain_mails_rows_astray_and_redis_away_are_told(runtime: Runtime) -> None:
    with runtime.session() as session:
        session.execute(
            text(
                "INSERT INTO hit (at, journey_at, delivery_id, kind, verdict, rule, ruleset, nonce)"
                " VALUES ('2001-01-01', now(), 1, 'open', 'human', 'reader', 1, 'n')"
            )
        )
    runtime.redis = Redis.from_url("redis://127.0.0.1:1", socket_connect_timeout=0.5)
    assert set(amiss(runtime)) == {"months", "Redis"}


def test_the_command_says_it_in_lines_and_as_json(settings: Settings) -> None:
    told = {"DATABASE_URL": settings.database_url, "REDIS_URL": settings.redis_url}
    shown = everafter("doctor", **told)
    assert shown.returncode == 1
    assert "  ! hosts" in shown.stdout
    assert "Start `everafter up`" in shown.stdout
    found = json.loads(everafter("doctor", "--json", **told).stdout)
    assert {"what": "migrations", "seen": "up to date", "advice": ""} in found
