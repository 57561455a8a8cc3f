"""Among a million touches nothing that runs all day walks a big table: each statement is explained as it is executed.

There is no list of queries. The real job, beat, pages and API run, and whatever they ask is looked at, so that a query
which is added tomorrow is covered.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

import orjson
import psycopg
import pytest
from sqlalchemy import make_url, text

from service.actions.prune import Keeping, look_after_months, prune, prune_deliveries
from service.actions.publish import Edition, publish
from service.cli.written import read_written
from service.clock import machine_now
from service.domain.hit import RawHit
from service.domain.pacing_wait import Wait
from service.runtime import Runtime
from service.settings import Settings, read_settings
from service.store import stream
from service.store.breaker import read_breaker
from service.store.contact import Contact
from service.store.journey import journey_now
from service.store.notice import keep_notices
from service.store.person import read_person
from service.store.queue import call_up, count_queues, let_back, let_go_expired, queue_up, read_queues
from service.store.timeline import read_timeline
from service.web.metrics import look
from tests.end_to_end.inbox import Inbox, receiving
from tests.store.million import PACED, PEOPLE, STEPS, UNCERTAIN, fill, watching
from tests.web.shop import FILES, Shop
from workers import process
from workers.drain import drain
from workers.job import run
from workers.mailroom import read_feedback, settle

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

TIPS = """---
title: Tips
stage: nurture
topic: Tips and ideas
enrol: {on: signup, form: checklist}
goal: {event: appointment.booked}
---

## Day 0: one
Subject: One

One, {{ contact.first_name or "there" }}.

## Day 25: two
Subject: Two

Two.

## Day 50: three
Subject: Three

Three.

## Day 75: four
Subject: Four

Four.

## Day 100: five
Subject: Five
If: not clicked("one")

[Five](https://glow.example/five).
"""
BIRTHDAY = """---
title: Birthday
stage: nurture
topic: Tips and ideas
enrol: {on: date}
date: contact.birthday
---

## On the day: wish
Subject: A wish

Many happy returns.
"""
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
DAY = timedelta(days=1)
GROUP = 25  # mails
PATIENCE = 200.0  # seconds


@pytest.fixture(scope="module")
def million_url(postgres_url: str, shared_database: object) -> Iterator[str]:
    """The town's database; gone afterwards, with its half gigabyte."""
    plain = postgres_url.replace("+psycopg", "")
    with psycopg.connect(plain, autocommit=True) as server:
        server.execute("CREATE DATABASE million TEMPLATE migrated")
        yield make_url(postgres_url).set(database="million").render_as_string(hide_password=False)
        server.execute("DROP DATABASE million WITH (FORCE)")


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    with receiving() as inbox:
        yield inbox


@pytest.fixture
def settings(million_url: str, redis_url: str, tmp_path, inbox: Inbox) -> Settings:
    given = {"DATABASE_URL": million_url, "REDIS_URL": redis_url, "EVERAFTER_HOME": str(tmp_path)}
    more = {"SMTP_URL": inbox.url, "FORM_LIMITS": "off", "SPARKPOST_WEBHOOK_SECRET": "sparkpost:long-enough-for-a-test"}
    return read_settings({**given, **more})


def test_nothing_that_runs_all_day_walks_a_big_table(settings: Settings, inbox: Inbox) -> None:
    runtime = Runtime(settings)
    fill(runtime.engine)
    shipped, _ = read_written(settings)
    layouts = {name: words for name, words in shipped.files.items() if not name.startswith("sequences/")}
    files = {**layouts, **FILES, "sequences/tips.md": TIPS.encode(), "sequences/birthday.md": BIRTHDAY.encode()}
    with runtime.session() as session:
        publish(session, Edition(files, set()))
        session.execute(text("DELETE FROM rollout"))
    shop = Shop(runtime)
    actions: dict[str, Callable[[], object]] = {
        "the job": lambda: work(runtime, inbox),
        "the queues of pacing": lambda: queues(runtime),
        "a signup": lambda: sign_up(shop),
        "the drain": lambda: drain_hits(runtime),
        "what was told": lambda: hear(runtime),
        "the breaker": lambda: breaker(runtime),
        "the timeline": lambda: timeline(runtime),
        "a person's data": lambda: person(runtime),
        "prune": lambda: let_go(runtime),
        "leaving": lambda: leave(shop),
        "the metrics": lambda: metrics(runtime),
    }
    with watching(runtime.engine) as eye:
        for eye.doing, act in actions.items():
            act()
        faults, seen = list(eye.faults), len(eye.seen)
        control(runtime)
    runtime.close()
    assert not faults, f"{len(faults)} of {seen} statements\n\n" + "\n\n".join(faults)
    assert seen > 100
    assert any("settled AS" in each for each in eye.seen), "what is said in turns is looked at too"
    assert len(eye.faults) == 2, "it would not have seen a walk"


def control(runtime: Runtime) -> None:
    """What must be seen: a table walked, and a whole index read."""
    with runtime.session() as session:
        session.execute(text("UPDATE delivery SET reason = 'x' WHERE message_id = 'nobody asks for this'"))
        session.execute(
            text("SELECT max(n) FROM (SELECT contact_id AS n FROM delivery ORDER BY contact_id OFFSET 90000)")
        )


@dataclass
class Enough(threading.Event):
    """Set once a group of mails has arrived: what comes after is the same again."""

    inbox: Inbox

    def __post_init__(self) -> None:
        super().__init__()

    def is_set(self) -> bool:
        return len(self.inbox.mails) >= GROUP


def work(runtime: Runtime, inbox: Inbox) -> None:
    run(runtime, Enough(inbox), budget=PATIENCE)
    assert len(inbox.mails) >= GROUP
    with process.calling:  # its calls to other services run beside it
        pass


def queues(runtime: Runtime) -> None:
    with runtime.session() as session:
        let_go_expired(session, journey_now(session))
    with runtime.session() as session:
        assert read_queues(session, 25)
        assert count_queues(session)
    wait = Wait("google", machine_now() + DAY, {}, "It waits.")
    for engaged_first, waits in ((True, wait), (False, wait), (False, replace(wait, group=""))):
        with runtime.session() as session:
            called = call_up(session, "google", 25, "token", 45, engaged_first=engaged_first)
            assert len(called) == 25
            queue_up(session, "token", dict.fromkeys(called, waits), journey_now(session), "Europe/Berlin")
    with runtime.session() as session:
        assert let_back(session, 100) == 25


def sign_up(shop: Shop) -> None:
    assert shop.sign_up("new@example.com").status_code == 303
    assert shop.sign_up("p7@example.org").status_code == 303


def leave(shop: Shop) -> None:
    token = shop.token("p9@example.org")
    assert shop.client.post(f"/unsubscribe/{token}").status_code == 200


def drain_hits(runtime: Runtime) -> None:
    """Opens and clicks of five hundred, the clicks old enough to be judged."""
    at = machine_now() - timedelta(seconds=30)
    first = STEPS * (PEOPLE // 2) + 1  # of each person's mails
    kinds = [(kind, each) for each in range(first, first + STEPS * 500, STEPS) for kind in ("open", "click")]
    hits = [RawHit(f"{kind}{each}", kind, each, None, at, "GET", FIREFOX) for kind, each in kinds]
    stream.append(runtime.redis, hits)
    assert drain(runtime) == 1_000


def hear(runtime: Runtime) -> None:
    """Of three hundred mails, by our metadata, the provider's name, the address; and what is uncertain is settled."""
    first = UNCERTAIN + 5_000
    body = [{"msys": {"message_event": _told(each)}} for each in range(first, first + 300)]
    with runtime.session() as session:
        row = {"at": machine_now(), "provider": "sparkpost", "account": "", "headers": {}, "items": len(body)}
        keep_notices(session, [row | {"body": orjson.dumps(body)}])
    assert read_feedback(runtime, PATIENCE) == 1
    with runtime.session() as session:
        fresh = "SELECT count(*) FROM feedback WHERE key LIKE 'told%' AND contact_id IS NOT NULL"
        assert session.scalar(text(fresh)) == 300
    settle(runtime)


def _told(person: int) -> dict[str, object]:
    """A bounce for each in thirty, in turn hard and soft; the others were delivered."""
    number = person % 60
    bounce = {"type": "bounce", "bounce_class": "10" if number == 0 else "22"} if number % 30 == 0 else None
    told = {"event_id": f"told{person}", "timestamp": str(int(machine_now().timestamp()))}
    told |= bounce or {"type": "delivery"}
    if person % 3 == 0:
        mark = {"everafter_delivery": str(person * STEPS + 4), "everafter_message": f"{person}-4@glow.example"}
        return told | {"rcpt_meta": mark}
    if person % 3 == 1:
        return told | {"transmission_id": f"sp{person}"}
    return told | {"rcpt_to": f"p{person}@example.org"}


def breaker(runtime: Runtime) -> None:
    with runtime.session() as session:
        session.execute(text("UPDATE suppression SET reason = 'complained' WHERE id <= 20"))
        policy = runtime.published().library.business.throttle.breaker
        read_breaker(session, policy, journey_now(session))


def timeline(runtime: Runtime) -> None:
    with runtime.session() as session:
        entries = read_timeline(session, PACED + 500, 51, None)
        assert len(entries) >= 7
        assert read_timeline(session, PACED + 500, 51, (entries[2].at, entries[2].kind, entries[2].id))


def person(runtime: Runtime) -> None:
    with runtime.session() as session:
        assert read_person(session, session.get_one(Contact, UNCERTAIN + 500))


def metrics(runtime: Runtime) -> None:
    with runtime.session() as session:
        sight = look(session)
    assert sight.deliveries["sent"] == pytest.approx(4 * PEOPLE, rel=0.1)
    assert sight.deliveries["held"] == pytest.approx(PEOPLE / 10, rel=0.1)
    assert sight.enrolments == pytest.approx(PEOPLE, rel=0.1)


def let_go(runtime: Runtime) -> None:
    with runtime.session() as session:
        prune(session)
        prune_deliveries(session, 730 * DAY)
        look_after_months(session, Keeping(750 * DAY, 180 * DAY, None), machine_now())
