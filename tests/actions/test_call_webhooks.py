from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, func, select, update

from service.actions.call_webhooks import Switchboard, call_webhooks, queue_call
from service.domain.webhook import LARGEST, PAUSES, secret_of
from service.providers.webhook import WebhookCaller
from service.store.contact import Contact
from service.store.enrolment import Enrolment
from service.store.secret import WEBHOOKS, made_once
from service.store.webhook_call import WebhookCall, claim_calls, record_call
from tests.actions.front_desk import FrontDesk
from tests.actions.house import NOW
from tests.providers.receiver import Receiver, receive


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receive() as receiver:
        yield receiver


@pytest.fixture
def desk(engine: Engine, receiver: Receiver) -> FrontDesk:
    return FrontDesk(engine, webhooks=(("crm", receiver.url),))


def queue(desk: FrontDesk, name: str = "crm", **fields: Any) -> int:
    with desk.begin() as session:
        contact, enrolment = session.get_one(Contact, desk.ana), session.get_one(Enrolment, desk.inside)
        contact.fields = fields
        step = desk.published.library.sequences[0].steps[0]
        return queue_call(session, desk.published, contact, enrolment, step, name, NOW).id


def call(desk: FrontDesk) -> int:
    return call_webhooks(Switchboard(desk.begin, lambda: desk.published, WebhookCaller))


def clock(desk: FrontDesk) -> datetime:
    """The database's time, by which calls come due."""
    with desk.begin() as session:
        return session.scalar(select(func.clock_timestamp()))  # type: ignore[return-value]


def make_due(desk: FrontDesk) -> None:
    with desk.begin() as session:
        session.execute(update(WebhookCall).values(next_at=func.clock_timestamp()))


def row(desk: FrontDesk, call_id: int) -> WebhookCall:
    return desk.row(WebhookCall, call_id)  # type: ignore[no-any-return]


def test_a_call_tells_what_was_done_for_whom_and_is_signed(desk: FrontDesk, receiver: Receiver) -> None:
    queued = row(desk, queue(desk, wish="a bob"))
    assert call(desk) == 1
    [(headers, raw)] = receiver.got
    body = json.loads(raw)
    assert (body["type"], body["timestamp"]) == ("step.done", "2026-11-20T10:00:00+00:00")
    data = body["data"]
    assert (data["business"], data["webhook"], data["sequence"], data["step"]) == (
        "Glow Studio",
        "crm",
        "letters",
        "a-call",
    )
    assert {name: data["contact"][name] for name in ("id", "email", "first_name", "wish")} == {
        "id": desk.ana,
        "email": "ana@example.org",
        "first_name": "Ana",
        "wish": "a bob",
    }
    with desk.begin() as session:
        secret = secret_of(made_once(session, WEBHOOKS), "crm")
    content = f"{queued.message_id}.{headers['webhook-timestamp']}.".encode() + raw
    expected = base64.b64encode(hmac.digest(secret, content, hashlib.sha256)).decode()
    assert (headers["webhook-id"], headers["webhook-signature"]) == (queued.message_id, f"v1,{expected}")
    assert (row(desk, queued.id).state, row(desk, queued.id).attempts) == ("taken", 1)
    assert call(desk) == 0


def test_a_body_is_never_larger_than_64_kb(desk: FrontDesk, receiver: Receiver) -> None:
    queue(desk, **{f"field_{number}": "é" * 2_000 for number in range(40)}, birthday=str(date(2000, 2, 29)))
    call(desk)
    [(_, raw)] = receiver.got
    assert len(raw) <= LARGEST
    assert json.loads(raw)["data"]["contact"] == {"id": desk.ana, "email": "ana@example.org"}
    assert json.loads(raw)["data"]["shortened"] is True


def test_what_was_not_taken_is_tried_again_later_under_the_same_id_and_given_up_at_last(
    desk: FrontDesk, receiver: Receiver
) -> None:
    receiver.status = 503
    call_id = queue(desk)
    for attempt, pause in enumerate(PAUSES, 1):
        before = clock(desk)
        assert call(desk) == 1
        waiting = row(desk, call_id)
        assert (waiting.state, waiting.attempts, waiting.error) == ("waiting", attempt, "It answered 503.")
        assert before + pause <= waiting.next_at <= clock(desk) + pause
        assert pause < timedelta(minutes=1) or call(desk) == 0  # the first is over while a slow machine asks
        make_due(desk)
    call(desk)
    assert (row(desk, call_id).state, row(desk, call_id).error) == (
        "given-up",
        f"It answered 503. Given up after {len(PAUSES) + 1} attempts.",
    )
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1


def test_who_wants_no_more_is_not_asked_again(desk: FrontDesk, receiver: Receiver) -> None:
    receiver.status = 410
    call_id = queue(desk)
    call(desk)
    assert (row(desk, call_id).state, row(desk, call_id).error) == ("given-up", "It answered 410.")


def test_a_name_that_is_no_longer_there_is_given_up(desk: FrontDesk) -> None:
    call_id = queue(desk)
    business = replace(desk.published.library.business, webhooks=())
    desk.published = replace(desk.published, library=replace(desk.published.library, business=business))
    call(desk)
    assert row(desk, call_id).state == "given-up"
    assert "no webhook “crm” any more" in (row(desk, call_id).error or "")


def test_two_workers_make_each_call_once(desk: FrontDesk, receiver: Receiver) -> None:
    for _ in range(20):
        queue(desk)
    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(lambda _: call(desk), range(8))) == 20
    with desk.begin() as session:
        assert set(map(tuple, session.execute(select(WebhookCall.state, WebhookCall.attempts)))) == {("taken", 1)}
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == len(receiver.got) == 20


def test_a_worker_that_died_leaves_its_call_to_another_and_says_nothing_late(desk: FrontDesk) -> None:
    call_id = queue(desk)
    with desk.begin() as session:
        [dead] = claim_calls(session, 8, 60.0)
    assert call(desk) == 0
    make_due(desk)
    assert call(desk) == 1
    with desk.begin() as session:
        record_call(session, dead, "given-up", "too late", timedelta(0))
    assert (row(desk, call_id).state, row(desk, call_id).attempts) == ("taken", 2)
