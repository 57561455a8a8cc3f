"""PostgreSQL or Valkey goes away while everything runs, and comes back: the same house bears one after the other."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
import requests

from tests.chaos.frozen import frozen
from tests.end_to_end.inbox import Inbox, receiving
from tests.end_to_end.installation import Installation, installed
from tests.waiting import until

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def inbox() -> Iterator[Inbox]:
    with receiving() as inbox:
        yield inbox


@pytest.fixture(scope="module")
def everafter(tmp_path_factory: pytest.TempPathFactory, inbox: Inbox) -> Iterator[Installation]:
    with installed(tmp_path_factory.mktemp("away") / "home", inbox.url) as installation:
        yield installation


def ready(everafter: Installation) -> requests.Response:
    return requests.get(f"{everafter.base}/readyz", timeout=60)


def test_without_its_database_nothing_is_acknowledged_and_nothing_acknowledged_is_lost(
    everafter: Installation, inbox: Inbox
) -> None:
    assert everafter.sign_up("before@example.org").status_code == 303
    everafter.server("postgres").kill()
    refused = everafter.sign_up("during@example.org")
    if refused.status_code != 303:  # the supervisor may be as fast as that
        assert refused.status_code == 503
        assert int(refused.headers["Retry-After"]) > 0
    until(lambda: everafter.sign_up("after@example.org").status_code == 303, "signups are taken again")
    until(lambda: ready(everafter).status_code == 200, "it is ready")
    stored = {email for (email,) in everafter.rows("SELECT email FROM contact")}
    assert {"before@example.org", "after@example.org"} <= stored
    inbox.wait_for("before@example.org", seconds=120)
    inbox.wait_for("after@example.org", seconds=120)
    assert inbox.twice() == []


def test_a_database_that_does_not_answer_makes_503_in_bounded_time(everafter: Installation, inbox: Inbox) -> None:
    with frozen(everafter.server_family("postgres")):
        began = time.monotonic()
        answer = ready(everafter)
        assert answer.status_code == 503
        assert time.monotonic() - began < 10
    until(lambda: ready(everafter).status_code == 200, "it is ready")
    assert everafter.sign_up("ana@example.org").status_code == 303
    inbox.wait_for("ana@example.org", seconds=120)


def test_without_valkey_everything_goes_on_and_readiness_says_degraded(everafter: Installation, inbox: Inbox) -> None:
    with frozen(everafter.server_family("valkey-server")):
        began = time.monotonic()
        assert everafter.sign_up("carla@example.org").status_code == 303
        assert time.monotonic() - began < 10
        assert ready(everafter).status_code == 200
        assert "redis" in str(ready(everafter).json()["degraded"])
        (mail,) = inbox.wait_for("carla@example.org", seconds=120)
        link = str(mail.message["List-Unsubscribe"]).strip("<>")
        answer = requests.post(link, data="List-Unsubscribe=One-Click", timeout=60)
        assert answer.status_code == 200
    until(lambda: ready(everafter).json().get("degraded") in (None, [], ""), "nothing is degraded")
    assert everafter.sign_up("dora@example.org").status_code == 303
    inbox.wait_for("dora@example.org", seconds=120)
    assert inbox.twice() == []
