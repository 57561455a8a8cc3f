"""Pages that nobody wishes to see are as calm as the others, and say what to do."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
import requests

from service.settings import ROOT
from service.web.limits import PER_ADDRESS
from tests.browser.conftest import Visit
from tests.browser.studio import Studio
from tests.browser.visitor import Screen, Visitor
from tests.end_to_end.inbox import free_port


@pytest.fixture(scope="module")
def without_database() -> Iterator[str]:
    """A site that is up while its database is not; its address."""
    base = f"http://127.0.0.1:{(port := free_port())}"
    away = {"DATABASE_URL": "postgresql://127.0.0.1:9/everafter", "REDIS_URL": "redis://127.0.0.1:9", "BASE_URL": base}
    command = [sys.executable, "-m", "service.cli", "web", "--port", str(port)]
    process = subprocess.Popen(
        command, cwd=ROOT, env=os.environ | away, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        wait_for(f"{base}/healthz")
        yield base
    finally:
        process.terminate()
        process.wait(60)


def wait_for(address: str, seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            requests.get(address, timeout=10)
        except requests.RequestException:
            assert time.monotonic() < deadline, f"nothing answers at {address}"
            time.sleep(0.1)
        else:
            return


def test_a_link_that_was_not_copied_whole(studio: Studio, onlooker: Visitor) -> None:
    for path in ("/nowhere", "/unsubscribe/NzEuMTI.half", "/share/x", "/my-data/x", "/answer/x", "/task/x"):
        onlooker.open(f"{studio.base}{path}", 404)
        assert "copy it whole" in onlooker.words
    onlooker.expect(404)
    onlooker.look("problem-404")


def test_too_many_signups_with_one_address_lose_no_word_of_the_last(studio: Studio, visit: Visit, width: int) -> None:
    visitor = visit(Screen(width))
    address = studio.somebody()
    for _ in range(PER_ADDRESS[0].amount):
        studio.sign_up(address)
    visitor.open(f"{studio.base}/forms/checklist")
    visitor.fill("Email", address)
    visitor.read()
    visitor.press("Send me the checklist")
    visitor.expect(429)
    assert "try again" in visitor.words
    assert visitor.page.get_by_label("Email").input_value() == address
    visitor.look("form-too-often")


def test_while_the_database_is_away_a_form_waits_with_what_was_typed(without_database: str, visit: Visit) -> None:
    visitor = visit(Screen(320), without_database)
    visitor.open(f"{without_database}/forms/checklist", 503)
    visitor.look("problem-503")
    visitor.page.set_content(
        f'<form method="post" action="{without_database}/forms/checklist"><input name="email" value="ana@example.org">'
        "<button>Go</button></form>"
    )
    visitor.press("Go")
    visitor.look("problem-503-again")
    assert visitor.page.locator("input[name=email]").input_value() == "ana@example.org"
    visitor.press("Try again")
    visitor.expect(503)


def test_the_root_leads_on(studio: Studio, onlooker: Visitor) -> None:
    onlooker.open(studio.base)
    onlooker.look("home")
    onlooker.follow("Five minutes")
    assert onlooker.page.url == f"{studio.base}/forms/checklist"
