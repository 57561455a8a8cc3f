"""The API holds what its description says, whatever is sent: Schemathesis reads the one and tries the other."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import schemathesis
import structlog
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import Status, StopReason, events, from_schema
from werkzeug.serving import WSGIRequestHandler, make_server

from service.actions.publish import Edition, publish
from service.ports import Uncertain
from service.store.referral import Referral
from tests.logged import logs_put_back
from tests.web.api.office import FILES, Office

CONFIG = {
    "seed": 7,
    "generation": {"max-examples": 10, "deterministic": True, "no-shrink": True, "database": "none"},
    # A schema can't say that a cursor is one of ours, a topic one of business.yaml, a time one of the calendar: such
    # things are refused with 422, which each operation documents.
    "checks": {"positive_data_acceptance": {"enabled": False}},
    # Along the links of the description: created, read, changed, and gone.
    "phases": {"stateful": {"inference": {"algorithms": []}, "generation": {"mode": "positive", "max-examples": 60}}},
}


CHAIN = {"read_contact", "update_contact", "forget_contact"}
NOON = datetime(2026, 1, 20, 11, tzinfo=UTC)
CALL = b"""---
title: A call
stage: nurture
topic: Tips and ideas
enrol: {on: manual}
---

## Day 0: call
Task: call
Assign: owner

Call {{ contact.first_name or "them" }}.
"""


@pytest.fixture
def lived_in(office: Office) -> Office:
    """An office in which there is something of each kind to find."""
    with office.runtime.session() as session:
        publish(session, Edition(FILES | {"sequences/call.md": CALL}, set()))
    consents = [{"topic": "Tips and ideas"}]
    ana, ben = office.save(first_name="Ana", consents=consents), office.save("ben@example.org", consents=consents)
    office.set_time(NOON)
    for sequence, contact in (("tips", ana), ("call", ben)):
        assert office.post(f"/sequences/{sequence}/enrolments", {"contact": contact["id"]}).status_code == 201
    office.work(NOON, Uncertain("the line was cut"))
    assert office.post("/suppressions", {"email": "cid@example.org"}).status_code == 201
    with office.runtime.session() as session:
        session.add(Referral(referrer_id=ana["id"], friend_id=ben["id"], joined_at=NOON))
    for kind in ("tasks", "deliveries", "referrals"):
        assert office.get(f"/{kind}").json["items"], kind
    return office


@pytest.fixture
def address(lived_in: Office) -> Iterator[str]:
    """Where the office can be reached over HTTP."""
    server = make_server("127.0.0.1", 0, lived_in.app, threaded=True, request_handler=Silent)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()


class Silent(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None: ...


def failures(address: str, key: str) -> Iterator[str]:
    """What of the description does not hold, each with how it was found; and that it was tried at all."""
    walked: set[str] = set()
    config = SchemathesisConfig.from_dict(CONFIG | {"headers": {"Authorization": f"Bearer {key}"}})
    schema = schemathesis.openapi.from_url(f"{address}/api/v1/openapi.json", config=config)
    tried = 0
    for event in from_schema(schema).execute():
        if isinstance(event, events.ScenarioFinished):
            tried += len(event.recorder.cases)
            walked |= {
                node.value.operation.definition.raw["operationId"]
                for node in event.recorder.cases.values()
                if node.is_transition_applied
            }
            for case, checks in event.recorder.checks.items():
                for check in checks:
                    if check.status is Status.FAILURE and check.failure_info is not None:
                        yield f"{event.recorder.cases[case].value.as_curl_command()}\n{check.failure_info.failure}"
        elif isinstance(event, events.NonFatalError | events.FatalError):
            yield repr(event)
        elif isinstance(event, events.EngineFinished) and event.stop_reason is not StopReason.COMPLETED:
            yield f"stopped: {event.stop_reason}"
    if tried < 500:
        yield f"only {tried} requests were tried"
    if not walked >= CHAIN:
        yield f"along the links only these were tried: {sorted(walked)}"


def test_no_answer_is_a_fault_or_undocumented(lived_in: Office, address: str) -> None:
    with logs_put_back():
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
        found = list(dict.fromkeys(failures(address, lived_in.key)))
    assert not found, "\n\n".join(found)
