"""What a request leaves in the logs."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from service.logs import configure
from tests.logged import lines, logs_put_back
from tests.web.shop import Shop


@pytest.fixture(autouse=True)
def _logs_put_back() -> Iterator[None]:
    with logs_put_back():
        yield


def test_a_request_says_how_it_ended_without_its_token(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    configure("web")
    shop.sign_up()
    token = shop.token()
    answer = shop.client.get(f"/unsubscribe/{token}")
    found = lines(capsys)
    line = next(line for line in found if line.get("route") == "/unsubscribe/<token>")
    assert (line["event"], line["status"], line["method"]) == ("request", 200, "GET")
    assert line["request"] == answer.headers["X-Request-Id"]
    assert token not in json.dumps(found)


def test_a_fault_is_logged_without_the_path(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    configure("web")
    shop.sign_up()
    token = shop.token()
    del shop.client.application.extensions["everafter.limits"]  # a fault of ours
    answer = shop.sign_up("bea@example.org")
    assert answer.status_code == 500
    assert "Traceback" not in answer.text
    found = lines(capsys)
    line = next(line for line in found if line["event"] == "request.failed")
    assert "KeyError" in str(line["exception"])
    assert line["request"] == answer.headers["X-Request-Id"]
    assert token not in json.dumps(found)
