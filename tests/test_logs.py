"""Logs: JSON lines that name the request and nobody's address."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from service.logs import configure
from tests.logged import lines, logs_put_back


@pytest.fixture(autouse=True)
def _logs_put_back() -> Iterator[None]:
    with logs_put_back():
        yield


@pytest.mark.parametrize(
    "text",
    [
        "ana@example.org",
        "Ana <ana+tag@example.org> wrote",
        "/x?email=ana%40example.org",
        "postgresql://user:ana@db.internal:5432/x",
        "müller.ana@exämple.de",
        "(ana@example.org)",
        '{"email":"ana@example.org"}',
    ],
)
def test_no_address_gets_into_a_line(capsys: pytest.CaptureFixture[str], text: str) -> None:
    configure("web")
    structlog.get_logger().info("event", text=text, deep={"list": [text, text.encode()]})
    (line,) = lines(capsys)
    assert "ana" not in json.dumps(line)
    assert "@" not in json.dumps(line)
    assert (line["process"], line["level"], line["event"]) == ("web", "info", "event")


def test_exceptions_and_libraries_are_held_to_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    configure("web")
    try:
        raise ValueError("no mailbox: ana@example.org\nnext line")
    except ValueError:
        structlog.get_logger().exception("failed")
        logging.getLogger("library").exception("it said %s", "ana@example.org")
    first, second = lines(capsys)
    for line in (first, second):
        assert "ana@" not in json.dumps(line)
        assert "no mailbox: [address]\nnext line" in str(line["exception"])
    assert (second["logger"], second["event"]) == ("library", "it said [address]")


def test_numbers_stay_numbers_and_a_value_has_an_end(capsys: pytest.CaptureFixture[str]) -> None:
    configure("web")
    structlog.get_logger().info("event", number=5, nothing=None, yes=True, long="x" * 100_000)
    (line,) = lines(capsys)
    assert (line["number"], line["nothing"], line["yes"]) == (5, None, True)
    assert len(str(line["long"])) == 8_000
