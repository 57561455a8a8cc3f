"""The provider as the harness holds it: started, put into moods, killed, and its log read."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from service.local.port import answers
from service.settings import ROOT
from tests.chaos.provider import Mood
from tests.end_to_end.inbox import free_port
from tests.waiting import until

HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the provider's log. `what`: accepted, refused, or cut before it was accepted. Times of the epoch."""

    what: str
    at: float
    began: float  # when MAIL came
    to: str
    id: str  # the Message-ID, empty where the mail's data never came
    leave: str  # the one-click link


class MailService:
    """One port and one log, whichever process stands behind them."""

    def __init__(self, log: Path) -> None:
        self.log = log
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._read = 0
        self._entries: list[Entry] = []

    @property
    def url(self) -> str:
        return f"smtp://{HOST}:{self._port}"

    def start(self) -> None:
        command = [sys.executable, "-m", "tests.chaos.provider", str(self._port), str(self.log)]
        self._process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, start_new_session=True)
        until(lambda: answers(HOST, self._port), "the provider answers")

    def feel(self, mood: Mood) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):  # it was killed just now, and will be fine again
            self._process.stdin.write(json.dumps(asdict(mood)).encode() + b"\n")
            self._process.stdin.flush()

    @property
    def process(self) -> psutil.Process:
        assert self._process is not None
        return psutil.Process(self._process.pid)

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait(10)

    def entries(self) -> list[Entry]:
        """All of the log so far."""
        with self.log.open("rb") as log:
            log.seek(self._read)
            lines = log.readlines()
        for line in lines:
            if not line.endswith(b"\n"):
                break
            self._read += len(line)
            self._entries.append(Entry(**json.loads(line)))
        return list(self._entries)


@contextmanager
def mail_service(folder: Path) -> Iterator[MailService]:
    """A provider that runs for as long as the `with` lasts."""
    service = MailService(folder / "provider.log")
    service.start()
    try:
        yield service
    finally:
        service.kill()
