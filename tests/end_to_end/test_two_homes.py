"""A second host needs the two addresses and the same settings, and goes on where the first one is killed."""

from __future__ import annotations

import asyncio
import json
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from sqlalchemy import create_engine, text

from tests.cli.command import everafter
from tests.end_to_end.inbox import Inbox, receiving
from tests.end_to_end.installation import Installation, installed

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

PEOPLE = 80
GROUP = 25  # HANDOFF_GROUP
BASE = "http://127.0.0.1:9"  # where links lead; nobody follows them here
OPEN = "SELECT count(*) FROM delivery WHERE priority = 0 AND state NOT IN ('sent', 'uncertain')"
UNCERTAIN = "SELECT email FROM delivery JOIN contact ON contact.id = contact_id WHERE delivery.state = 'uncertain'"
HANDED = "SELECT count(*) FROM delivery WHERE state = 'handed'"


class SlowInbox(Inbox):
    """Takes a moment for each mail, so that there is a middle of a group to be killed in."""

    async def handle_DATA(self, server, session, envelope) -> str:  # noqa: N802 (aiosmtpd's name)
        await asyncio.sleep(0.4)
        return await super().handle_DATA(server, session, envelope)


def wait(done: Callable[[], bool], seconds: float, what: Callable[[], object]) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, what()
        time.sleep(0.05)


def tell(installation: Installation, number: signal.Signals, name: str = "") -> None:
    for process in installation.processes(name):
        with suppress(psutil.NoSuchProcess):
            process.send_signal(number)


def count(installation: Installation, query: str) -> int:
    return int(str(installation.rows(query)[0][0]))


def test_one_of_two_homes_is_killed_in_the_middle_and_nobody_is_mailed_twice(
    database_url: str, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.end_to_end.inbox.Inbox", SlowInbox)
    alike = {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "BASE_URL": BASE}
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
    with (
        receiving() as inbox,
        installed(tmp_path / "first" / "home", inbox.url, **alike) as first,
        installed(tmp_path / "second" / "home", inbox.url, **alike) as second,
    ):
        wait(lambda: count(first, "SELECT count(*) FROM host") == 2, 120, lambda: "both beats are heard of")
        told = {**alike, "MAIL_PROVIDER": "smtp", "SMTP_URL": inbox.url}
        assert amiss(told, second) == set()
        assert amiss({**told, "BASE_URL": "http://127.0.0.1:10"}, second) == {"BASE_URL"}
        tell(second, signal.SIGSTOP, "worker")  # so that it is the first that has a group in hand
        with ThreadPoolExecutor(4) as pool:
            people = [f"person{number}@example.org" for number in range(PEOPLE)]
            answers = pool.map(lambda each: (first, second)[len(each) % 2].sign_up(each).status_code, people)
            assert set(answers) == {303}
        wait(lambda: len(inbox.mails) > 5 and caught(first, second), 120, lambda: len(inbox.mails))
        first.kill()
        tell(first, signal.SIGKILL)
        with create_engine(database_url).begin() as connection:  # as if the leases of the dead had run out by now
            connection.execute(text("UPDATE delivery SET lease_until = now() WHERE lease_until IS NOT NULL"))
        tell(second, signal.SIGCONT, "worker")
        wait(lambda: not count(second, OPEN), 180, lambda: count(second, OPEN))
        uncertain = {str(email) for (email,) in second.rows(UNCERTAIN)}
        received = [mail.recipient for mail in inbox.mails]
        assert inbox.twice() == []
        assert sorted(received) == sorted(set(received))
        assert set(people) - set(received) <= uncertain <= set(people)
        assert 0 < len(uncertain) <= GROUP


def caught(first: Installation, second: Installation) -> bool:
    """Whether the first home's worker has part of a group in hand: it stands still then, and else goes on."""
    if count(second, HANDED) <= 2:
        return False
    tell(first, signal.SIGSTOP, "worker")
    time.sleep(0.3)  # for the statement under way
    if count(second, HANDED) > 2:
        return True
    tell(first, signal.SIGCONT, "worker")
    return False


def amiss(told: dict[str, str], installation: Installation) -> set[str]:
    """What `doctor` finds on a host with these settings, but for the test server's haste."""
    shown = everafter("doctor", "--json", **told, EVERAFTER_HOME=str(installation.home.path))
    return {each["what"] for each in json.loads(shown.stdout) if each["advice"]} - {"durability"}
