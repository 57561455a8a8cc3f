"""An installation to be measured: a real `everafter up` in a home of its own, which ends with us."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path

import psutil
from sqlalchemy import text

from service.local.child import Child
from service.local.home import Home
from service.local.port import free_port
from service.local.running import read_running
from service.runtime import Runtime
from service.settings import ROOT, Settings, read_settings

HOST = "127.0.0.1"
WEBHOOK_PASSWORD = "bench:told-by-nobody-but-us"
START = 120.0  # seconds

# Whether any other connection is in the middle of a transaction.
BUSY = text(
    "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE backend_type = 'client backend'"
    " AND pid <> pg_backend_pid() AND state <> 'idle')"
)


class Installation:
    """One home, what runs on it, and a runtime of our own over the same database."""

    def __init__(self, home: Path, smtp_url: str, workers: int, web: int, **more: str) -> None:
        self.home = Home(home)
        self.port = free_port(HOST, 0)
        self.base = f"http://{HOST}:{self.port}"
        self.settings = _settings(home, self.base, smtp_url, workers, web) | more
        self._child = Child(
            "everafter up",
            (sys.executable, "-m", "service.cli", "up", "--home", str(home), "--port", str(self.port)),
            self.settings,
            log=home.parent / "up.log",
            stop_signal=signal.SIGINT,
            orphan_signal=signal.SIGINT,
        )

    def start(self) -> None:
        """Until all workers are there. Raises LocalError with the end of its log where it doesn't come up."""
        self._child.start()
        self._child.wait_until(lambda: read_running(self.home) is not None and self._is_staffed(), START)

    def stop(self) -> None:
        if "runtime" in self.__dict__:
            self.runtime.close()
        self._child.stop(patience=30)

    def last_words(self) -> str:
        """The end of its log."""
        return self._child.last_words()

    @cached_property
    def runtime(self) -> Runtime:
        """The parts of a worker, in this process."""
        running = read_running(self.home)
        assert running is not None
        return Runtime(read_settings({**self.settings, **running.environment}))

    def families(self) -> dict[str, list[psutil.Process]]:
        """The live processes by what they are: `up`, `web`, `worker`, `beat`, `postgres`, `valkey`."""
        assert self._child.process is not None
        up = psutil.Process(self._child.process.pid)
        found: dict[str, list[psutil.Process]] = {"up": [up]}
        for child in up.children():
            with suppress(psutil.NoSuchProcess):  # a command that has just ended: gone, or a zombie yet
                if child.status() != psutil.STATUS_ZOMBIE:
                    found.setdefault(_family(child), []).extend([child, *child.children(recursive=True)])
        return found

    @contextmanager
    def workers_paused(self) -> Iterator[None]:
        """While it lasts the workers stand still; they are stopped between two transactions, so that no lock stays."""
        workers = self.families()["worker"]
        try:
            while True:
                _signal(workers, signal.SIGSTOP)
                time.sleep(0.05)  # for the statement under way
                if not self._is_busy():
                    break
                _signal(workers, signal.SIGCONT)
                time.sleep(0.1)
            yield
        finally:
            _signal(workers, signal.SIGCONT)

    def count(self, query: str, **values: object) -> int:
        """The one number that a query answers."""
        with self.runtime.session() as session:
            return int(session.execute(text(query), values).scalar_one())

    def _is_staffed(self) -> bool:
        return len(self.families().get("worker", ())) >= int(self.settings["WORKERS"])

    def _is_busy(self) -> bool:
        with self.runtime.session() as session:
            return bool(session.scalar(BUSY))


@contextmanager
def installed(home: Path, smtp_url: str, workers: int, web: int, **more: str) -> Iterator[Installation]:
    """An installation that runs, and of which nothing is left afterwards but its files. `more`: settings by name."""
    installation = Installation(home, smtp_url, workers, web, **more)
    try:
        installation.start()
        yield installation
    except TimeoutError as error:
        raise TimeoutError(f"{error}. {installation.last_words()}") from None
    finally:
        installation.stop()


def forget_settings() -> None:
    """What is measured depends on nothing that the person at the keyboard has set."""
    for field in Settings.model_fields.values():
        os.environ.pop(str(field.validation_alias), None)


def _settings(home: Path, base: str, smtp_url: str, workers: int, web: int) -> dict[str, str]:
    """Every setting, so that no `.env` has a say; as shipped but for the number of processes and the limits."""
    return {
        "EVERAFTER_HOME": str(home),
        "DATABASE_URL": "",
        "REDIS_URL": "",
        "SECRET_KEYS": "",
        "BASE_URL": base,
        # The first mail of the shipped checklist has the size and the links that the targets name.
        "EVERAFTER_SEQUENCES": f"{ROOT / 'sequences'},{ROOT / 'benchmarks' / 'sequences'}",
        "EVERAFTER_TEMPLATES": str(ROOT / "email_templates"),
        "TRUSTED_PROXIES": "",
        "HANDOFF_GROUP": "25",
        "MAIL_PROVIDER": "smtp",
        "SMTP_URL": smtp_url,
        "SMTP_SESSIONS": "5",
        "DKIM_DOMAIN": "",
        "DKIM_SELECTOR": "",
        "DKIM_KEY": "",
        "SPARKPOST_WEBHOOK_SECRET": WEBHOOK_PASSWORD,
        "FORM_LIMITS": "off",
        "EVERAFTER_SPEED": "1",
        "WORKERS": str(workers),
        "WEB_PROCESSES": str(web),
    }


def _family(process: psutil.Process) -> str:
    name = process.name()
    if name.startswith(("postgres", "valkey")):
        return name.partition("-")[0]
    command = process.cmdline()
    return command[3] if command[1:3] == ["-m", "service.cli"] else name


def _signal(processes: list[psutil.Process], number: signal.Signals) -> None:
    for process in processes:
        process.send_signal(number)
