"""Call other services: a step's `Webhook: NAME` queues a call, and a worker makes it, outside of any transaction.

A call may be made twice (a worker dies between the answer and its record), so `webhook-id` stays the same.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from secrets import token_hex
from typing import Any

import structlog
from sqlalchemy.orm import Session

from service import clock
from service.domain.sequence.model.step import Step
from service.domain.webhook import LARGEST, pause_after, secret_of, signed
from service.ports import Called, Caller, Published
from service.store.contact import Contact
from service.store.enrolment import Enrolment
from service.store.history import contact_facts
from service.store.lasting import Begin
from service.store.secret import WEBHOOKS, made_once
from service.store.webhook_call import Claimed, WebhookCall, claim_calls, record_call

log = structlog.get_logger()

AT_ONCE = 8  # calls side by side, so that one slow service delays no mail by more than its own deadline
LEASE = 60.0  # seconds; a call ends within ten
TYPE = "step.done"
NAMED = 200  # characters of what somebody else said


@dataclass(frozen=True, slots=True)
class Switchboard:
    """What calling needs: where sessions come from, the words, and who dials, once anybody is to be called."""

    begin: Begin
    published: Callable[[], Published]
    caller: Callable[[], Caller]


def queue_call(
    session: Session,
    published: Published,
    contact: Contact,
    enrolment: Enrolment,
    step: Step,
    name: str,
    now: datetime,
) -> WebhookCall:
    """Queue the call that a step makes to the webhook `name`. The caller commits.

    Its body is `{"type": "step.done", "timestamp": …, "data": {…}}`, with the contact as conditions see them. Where
    that is larger than 64 kB, the contact's own fields stay away and `data` says so.
    """
    known = {key: value for key, value in contact_facts(contact).items() if value is not None}
    person = {"id": contact.id} | known
    data: dict[str, Any] = {
        "business": published.library.business.name,
        "webhook": name,
        "sequence": enrolment.sequence,
        "step": step.key,
        "enrolment": enrolment.id,
        "about": enrolment.about,
        "contact": person,
    }
    body = {"type": TYPE, "timestamp": now.astimezone(UTC).isoformat(), "data": data}
    body = json.loads(_encoded(body))  # dates as texts, as they will leave
    if len(_encoded(body)) > LARGEST:
        body["data"]["contact"] = {"id": contact.id, "email": contact.email}
        body["data"]["shortened"] = True
    call = WebhookCall(contact_id=contact.id, message_id=f"msg_{token_hex(16)}", name=name, body=body)
    session.add(call)
    session.flush()
    return call


def call_webhooks(switchboard: Switchboard) -> int:
    """Make some of the calls whose time has come, side by side; how many. It takes ten seconds at most."""
    with switchboard.begin() as session:
        claimed = claim_calls(session, AT_ONCE, LEASE)
        root = made_once(session, WEBHOOKS) if claimed else ""
    if not claimed:
        return 0
    called = _call_all(switchboard, root, claimed)
    with switchboard.begin() as session:
        for each, outcome in zip(claimed, called, strict=True):
            _record(session, each, outcome)
    return len(claimed)


def _call_all(switchboard: Switchboard, root: str, claimed: Sequence[Claimed]) -> list[Called]:
    urls, caller = dict(switchboard.published().library.business.webhooks), switchboard.caller()

    def call(each: Claimed) -> Called:
        url = urls.get(each.name)
        if url is None:
            return Called(False, f"business.yaml names no webhook “{each.name}” any more.", is_final=True)
        body = _encoded(each.body)
        seconds = int(clock.machine_now().timestamp())
        return caller.call(url, signed(secret_of(root, each.name), each.message_id, seconds, body), body)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(call, claimed))


def _record(session: Session, claimed: Claimed, called: Called) -> None:
    pause = pause_after(claimed.attempts)
    if called.taken:
        record_call(session, claimed, "taken", None, timedelta(0))
    elif called.is_final or pause is None:
        tries = f" Given up after {claimed.attempts} attempts." if not called.is_final else ""
        record_call(session, claimed, "given-up", called.reason[:NAMED] + tries, timedelta(0))
        log.warning("webhook.given_up", call=claimed.id, name=claimed.name, reason=called.reason)
    else:
        record_call(session, claimed, "waiting", called.reason[:NAMED], pause)
        log.info("webhook.postponed", call=claimed.id, name=claimed.name, attempts=claimed.attempts)


def _encoded(body: dict[str, Any]) -> bytes:
    return json.dumps(body, ensure_ascii=False, default=str, separators=(",", ":")).encode()
