"""The API holds what its description says, whatever is sent: Schemathesis reads the one and tries the other."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

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

SEEDS = (7, 8, 9, 10)  # the first for everything; where chance left the chain, the others walk along it once more
CONFIG: dict[str, Any] = {
    "generation": {"max-examples": 10, "deterministic": True, "no-shrink": True, "database": "none"},
    # A schema can't say that a cursor is one of ours, a topic one of business.yaml, a time one of the calendar: such
    # things are refused with 422, which each operation documents.
    "checks": {"positive_data_acceptance": {"enabled": False}},
    # Along the links of the description: created, read, changed, and gone.
    "phases": {"stateful": {"inference": {"algorithms": []}, "generation": {"mode": "positive", "max-examples": 60}}},
}
REST = ("examples", "coverage", "fuzzing")

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


@dataclass
class Tour:
    """What was tried over all runs: how many requests, and which operations along the links."""

    tried: int = 0
    walked: set[str] = field(default_factory=set)

    def run(self, address: str, key: str, seed: int, *, all_of_it: bool) -> Iterator[str]:
        """What of the description does not hold, each with how it was found."""
        more = {"headers": {"Authorization": f"Bearer {key}"}, "seed": seed}
        phases = dict(CONFIG["phases"]) | ({} if all_of_it else {name: {"enabled": False} for name in REST})
        config = SchemathesisConfig.from_dict(CONFIG | more | {"phases": phases})
        schema = schemathesis.openapi.from_url(f"{address}/api/v1/openapi.json", config=config)
        for event in from_schema(schema).execute():
            if isinstance(event, events.ScenarioFinished):
                self._note(event)
                yield from _faults(event)
            elif isinstance(event, events.NonFatalError | events.FatalError):
                yield repr(event)
            elif isinstance(event, events.EngineFinished) and event.stop_reason is not StopReason.COMPLETED:
                yield f"stopped: {event.stop_reason}"

    def _note(self, event: events.ScenarioFinished) -> None:
        self.tried += len(event.recorder.cases)
        self.walked |= {
            node.value.operation.definition.raw["operationId"]
            for node in event.recorder.cases.values()
            if node.is_transition_applied
        }


def _faults(event: events.ScenarioFinished) -> Iterator[str]:
    for case, checks in event.recorder.checks.items():
        for check in checks:
            if check.status is Status.FAILURE and check.failure_info is not None:
                yield f"{event.recorder.cases[case].value.as_curl_command()}\n{check.failure_info.failure}"


def failures(address: str, key: str) -> Iterator[str]:
    """What of the description does not hold; and whether it was tried at all."""
    tour = Tour()
    for seed in SEEDS:
        yield from tour.run(address, key, seed, all_of_it=seed == SEEDS[0])
        if tour.walked >= CHAIN:
            break
    if tour.tried < 500:
        yield f"only {tour.tried} requests were tried"
    if not tour.walked >= CHAIN:
        yield f"along the links only these were tried: {sorted(tour.walked)}"


@pytest.mark.slow
@pytest.mark.timeout(600)  # on a machine that has other things to do
def test_no_answer_is_a_fault_or_undocumented(lived_in: Office, address: str) -> None:
    with logs_put_back():
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
        found = list(dict.fromkeys(failures(address, lived_in.key)))
    assert not found, "\n\n".join(found)
