"""One process that we start, watch and end, with everything it started in turn."""

from __future__ import annotations

import contextlib
import json
import os
import pwd
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from service.local import tether
from service.local.error import LocalError

LOG_BYTES = 5_000_000
STOPPING = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}


@dataclass(frozen=True, slots=True)
class Unrooted:
    """For a command that refuses to run as root: the folders it must own, and those it must be able to pass."""

    owned: tuple[Path, ...]
    open: tuple[Path, ...]


@dataclass(eq=False)
class Child:
    """A process in a session of its own. Where `log` is None its output is a pipe, for a supervisor to read.

    On Linux it gets `orphan_signal` when the thread that started it ends, so start it from the main thread. Where
    `core` is given, it runs on that one of the machine's alone.
    """

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    log: Path | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    orphan_signal: signal.Signals = signal.SIGKILL
    unrooted: Unrooted | None = None
    core: int | None = None
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    started_at: float = field(default=0.0, init=False)

    def start(self) -> None:
        """Start it, unless it runs. The signals that would stop us wait until we know its pid."""
        if self.alive:
            return
        with _output(self.log) as output, _signals_held():
            self.started_at = time.monotonic()
            self.process = subprocess.Popen(  # noqa: S603 (our own commands)
                tethered(self.argv, self.orphan_signal, self.unrooted),
                env=os.environ | self.env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            if self.core is not None:
                with contextlib.suppress(OSError):  # it may have ended already, or the core been taken from us
                    os.sched_setaffinity(self.process.pid, {self.core})

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def signal(self, number: signal.Signals) -> None:
        """Tell the process itself; what it started is its own to tell."""
        if self.process is not None and self.alive:
            self.process.send_signal(number)

    def kill(self) -> None:
        """End it and its whole group at once, the workers included that outlived their parent."""
        if self.process is None:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)

    def stop(self, patience: float = 10.0) -> None:
        """Ask it to end, wait `patience` seconds, then end what is left."""
        if self.process is None:
            return
        self.signal(self.stop_signal)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(patience)
        self.kill()
        self.process.wait()

    def wait_until(self, ready: Callable[[], bool], patience: float = 30.0) -> None:
        """Wait until it answers. Raises LocalError with the end of its log where it ends or stays silent."""
        deadline = time.monotonic() + patience
        while not ready():
            if not self.alive or time.monotonic() > deadline:
                what = "didn't answer" if self.alive else "couldn't start"
                raise LocalError(f"{self.name} {what}. {self.last_words()}")
            time.sleep(0.01)

    def come_up(self, ready: Callable[[], bool]) -> None:
        """Start it and wait until it answers; what comes between, our own end included, ends it."""
        try:
            self.start()
            self.wait_until(ready)
        except BaseException:
            self.stop()
            raise

    def last_words(self) -> str:
        if self.log is None or not self.log.exists():
            return ""
        lines = self.log.read_text(errors="replace").splitlines()[-5:]
        return "\n  ".join([f"The end of {self.log}:", *lines])


def tethered(argv: tuple[str, ...], orphan_signal: signal.Signals, unrooted: Unrooted | None) -> list[str]:
    """`argv`, to be run by way of `tether`."""
    plan: dict[str, object] = {"parent": os.getpid(), "signal": orphan_signal}
    if unrooted is not None and os.geteuid() == 0:
        plan |= {
            "owned": [str(folder) for folder in unrooted.owned],
            "open": [str(folder) for folder in unrooted.open],
            "fallback": _somebody(),
        }
    return [sys.executable, "-I", "-S", tether.__file__, json.dumps(plan), *argv]


def _somebody() -> tuple[int, int]:
    """Uid and gid of an unprivileged user that has a name here, as initdb looks it up."""
    accounts = {entry.pw_name: entry for entry in pwd.getpwall() if entry.pw_uid != 0}
    if not accounts:
        raise LocalError("PostgreSQL doesn't run as root, and this machine has no other user. Set DATABASE_URL.")
    for name in ("postgres", "nobody", *accounts):
        if name in accounts:
            break
    return accounts[name].pw_uid, accounts[name].pw_gid


@contextlib.contextmanager
def _output(log: Path | None) -> Iterator[IO[bytes] | int]:
    """A pipe, or the log file, begun anew where it has grown long. Never a pipe for a server: it would inherit it."""
    if log is None:
        yield subprocess.PIPE
        return
    if log.exists() and log.stat().st_size > LOG_BYTES:
        log.replace(log.with_suffix(".log.1"))
    with log.open("ab") as file:
        yield file


@contextlib.contextmanager
def _signals_held() -> Iterator[None]:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
