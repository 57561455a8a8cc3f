"""An installation as a person has it: `everafter up` as a process, spoken to over HTTP."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import requests
from sqlalchemy import create_engine, text

from service.local.home import Home
from service.local.running import read_running
from service.settings import ROOT
from tests.end_to_end.inbox import free_port

PROCESSES = ("web", "worker", "beat")


class Installation:
    """One home and what runs on it."""

    def __init__(self, home: Path, smtp: str | None, *options: str, **environment: str) -> None:
        self.home = Home(home)
        self.port = free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        self._options = [*(("--smtp", smtp) if smtp else ()), *options]
        self._environment = {"FORM_LIMITS": "off"} | environment
        self._process: subprocess.Popen[bytes] | None = None
        self.starts: list[float] = []  # how many seconds each took

    def start(self, seconds: float = 120) -> None:
        """Run `everafter up` and wait until the site answers."""
        began = time.monotonic()
        command = [sys.executable, "-m", "service.cli", "up", "--home", str(self.home.path), "--port", str(self.port)]
        log = (self.home.path.parent / "up.log").open("ab")
        environment = os.environ | self._environment
        self._process = subprocess.Popen(
            command + self._options, cwd=ROOT, env=environment, stdout=log, stderr=log, start_new_session=True
        )
        self.wait_until_ready(seconds)
        self.starts.append(time.monotonic() - began)

    def wait_until_ready(self, seconds: float = 120) -> None:
        deadline = time.monotonic() + seconds
        answer = "none"
        while time.monotonic() < deadline:
            assert self._process is not None
            assert self._process.poll() is None, f"`up` has ended:\n{self.log()}"
            try:
                ready = requests.get(f"{self.base}/readyz", timeout=10)
            except requests.RequestException as error:
                answer = str(error)
            else:
                if ready.status_code == 200 and read_running(self.home):
                    return
                answer = f"{ready.status_code} {ready.text}"
            time.sleep(0.1)
        raise AssertionError(f"not ready after {seconds:g} s, the last answer was: {answer}\n{self.log()}")

    def log(self) -> str:
        return (self.home.path.parent / "up.log").read_text(errors="replace")[-4000:]

    def stop(self) -> int:
        """End it as Ctrl-C does; the exit status."""
        assert self._process is not None
        self._process.send_signal(signal.SIGINT)
        return self._process.wait(60)

    def kill(self) -> None:
        """kill -9 of `up` itself, and of nothing else."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(60)

    def processes(self, name: str = "") -> list[psutil.Process]:
        """All live processes of this home, or those that began as `everafter NAME`."""
        found = []
        for process in psutil.process_iter():
            try:
                mine = process.environ().get("EVERAFTER_HOME") == str(self.home.path)
                if mine and process.status() != psutil.STATUS_ZOMBIE and (not name or name in process.cmdline()[:5]):
                    found.append(process)
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue
        return found

    def server(self, binary: str) -> psutil.Process:
        """The main process of an embedded server: `postgres` or `valkey-server`."""
        for process in psutil.process_iter():
            try:
                words = process.cmdline()
                if words and words[0].endswith(binary) and str(self.home.path) in " ".join(words):
                    return process
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue
        raise AssertionError(f"no {binary} runs on {self.home.path}")

    def server_family(self, binary: str) -> list[psutil.Process]:
        """An embedded server with all it has started."""
        server = self.server(binary)
        return [server, *server.children(recursive=True)]

    def sign_up(self, email: str, form: str = "salon-checklist", **fields: str) -> requests.Response:
        data = {"email": email, **fields}
        return requests.post(f"{self.base}/forms/{form}", data=data, allow_redirects=False, timeout=60)

    def rows(self, query: str, **values: object) -> list[tuple[object, ...]]:
        """What the database says."""
        running = read_running(self.home)
        assert running is not None
        engine = create_engine(running.environment["DATABASE_URL"])
        try:
            with engine.connect() as connection:
                return [tuple(row) for row in connection.execute(text(query), values)]
        finally:
            engine.dispose()


@contextmanager
def installed(home: Path, smtp: str | None, *options: str, **environment: str) -> Iterator[Installation]:
    """An installation that runs, and of which nothing is left afterwards. `environment`: further settings."""
    installation = Installation(home, smtp, *options, **environment)
    try:
        installation.start()
        yield installation
    finally:
        if installation._process is not None and installation._process.poll() is None:
            installation.stop()
        for process in installation.processes():
            process.kill()
