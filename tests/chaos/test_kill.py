"""kill -9 of everything in turn while people sign up: whoever was told yes gets one mail, and nobody gets two."""

from __future__ import annotations

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from tests.end_to_end.inbox import Inbox, receiving
from tests.end_to_end.installation import PROCESSES, Installation, installed

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300), pytest.mark.xdist_group("end-to-end")]

SIGNUPS = 200
GROUP = 25  # HANDOFF_GROUP
LEASE = 45  # seconds


def sign_up_until_told(everafter: Installation, number: int) -> str:
    """What a browser and its person do: try again until the answer is a yes."""
    address = f"person{number}@example.org"
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        try:
            if everafter.sign_up(address).status_code == 303:
                return address
        except requests.RequestException:
            pass
        time.sleep(0.3)
    raise AssertionError(f"{address} was never told yes")


def kill(everafter: Installation, name: str) -> None:
    for process in everafter.processes(name):
        process.kill()


def uncertain(everafter: Installation) -> set[str]:
    rows = everafter.rows(
        "SELECT email FROM delivery JOIN contact ON contact.id = contact_id WHERE delivery.state = 'uncertain'"
    )
    return {str(email) for (email,) in rows}


def settled(everafter: Installation) -> bool:
    return not everafter.rows(
        "SELECT 1 FROM delivery WHERE priority = 0 AND state IN ('planned', 'due', 'held', 'cleared', 'handed') LIMIT 1"
    )


def wait_until_settled(everafter: Installation) -> None:
    deadline = time.monotonic() + LEASE + 60
    while not settled(everafter):
        assert time.monotonic() < deadline, everafter.rows("SELECT state, count(*) FROM delivery GROUP BY state")
        time.sleep(0.5)


def test_whoever_was_told_yes_gets_one_mail_whatever_is_killed(tmp_path: Path) -> None:
    with receiving() as inbox, installed(tmp_path / "home", inbox.url) as everafter:
        killed = 0
        with ThreadPoolExecutor(4) as pool:
            signed = [pool.submit(sign_up_until_told, everafter, number) for number in range(SIGNUPS)]
            for name in PROCESSES:
                time.sleep(1.0)
                kill(everafter, name)
                killed += 1
            everafter.wait_until_ready()
            everafter.kill()
            killed += 1
            time.sleep(2)
            assert everafter.processes() == [], "an orphan still lives"
            everafter.start()
            told = {future.result() for future in signed}
        wait_until_settled(everafter)
        judge(everafter, inbox, told, killed)


def judge(everafter: Installation, inbox: Inbox, told: set[str], killed: int) -> None:
    received = Counter(mail.recipient for mail in inbox.mails)
    maybe = uncertain(everafter)
    assert len(told) == SIGNUPS
    assert [address for address, count in received.items() if count > 1] == []
    assert inbox.twice() == []
    assert {address for address in told if not received[address]} <= maybe
    assert len(maybe) <= GROUP * killed
    stored = {str(email) for (email,) in everafter.rows("SELECT email FROM contact")}
    assert told <= stored
