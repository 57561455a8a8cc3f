"""Calls to other services are made beside the job: it ends without waiting for them."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import select

from service.providers import webhook
from service.runtime import Runtime
from service.settings import Settings
from service.store.webhook_call import WebhookCall
from tests.providers.receiver import receive
from tests.web import colleague
from workers import process
from workers.job import run


def test_a_slow_receiver_keeps_no_mail_waiting(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    for patience in ("TIMEOUT", "DEADLINE"):
        monkeypatch.setattr(webhook, patience, 60.0)
    runtime = Runtime(settings.model_copy(update={"provider": "smtp", "smtp_url": "smtp://127.0.0.1:9"}))
    with receive() as receiver:
        business = f"{colleague.BUSINESS}webhooks: {{crm: {receiver.url}}}\n".encode()
        colleague.publish_all(runtime, colleague.FILES | {"sequences/business.yaml": business})
        ana = colleague.save_ana(runtime)
        with runtime.session() as session:
            session.add(WebhookCall(contact_id=ana, message_id="msg_1", name="crm", body={"a": 1}))
        receiver.may_answer.clear()
        run(runtime, threading.Event())
        assert process.calling.locked(), "the job has ended, and the call has not"
        receiver.may_answer.set()
        assert process.calling.acquire(timeout=60)  # the thread is done
        process.calling.release()
        with runtime.session() as session:
            assert session.scalars(select(WebhookCall.state)).all() == ["taken"]
        assert len(receiver.got) == 1
    runtime.close()
