"""Keeps processes alive: starts them, passes their output on, starts again what died, ends them all."""

from __future__ import annotations

import os
import selectors
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import IO

from service.local.backoff import Backoff
from service.local.child import Child
from service.local.home import Home
from service.local.journal import Journal, Show
from service.local.orphans import end_adopted

OWN = "up"  # the name of our own lines
TICK = 0.25  # seconds


@dataclass
class Watched:
    child: Child
    backoff: Backoff = field(default_factory=Backoff)
    journal: Journal | None = None
    again_at: float | None = None  # monotonic; None while it runs


class Supervisor:
    """Single-threaded: `run()`, or `tick()` while waiting for something, moves everything on."""

    def __init__(self, home: Home, show: Show) -> None:
        self._home = home
        self._show = show
        self._watched: list[Watched] = []
        self._selector = selectors.DefaultSelector()

    def watch(self, servers: Sequence[Child]) -> None:
        """Start again what is running already, should it die. Its owner stops it, not we."""
        self._watched += [Watched(server) for server in servers]

    def start(self, children: Sequence[Child]) -> None:
        for child in children:
            watched = Watched(child, journal=Journal(child.name, self._home.log / f"{child.name}.log", self._show))
            self._watched.append(watched)
            self._start(watched)

    def run(self) -> None:
        """Until an exception, such as Stopped, ends it."""
        while True:
            self.tick()

    def tick(self, patience: float = TICK) -> None:
        """Wait for output, `patience` seconds at most; then look after what has died."""
        self._listen(patience)
        now = time.monotonic()
        for watched in self._watched:
            if watched.again_at is None and not watched.child.alive:
                self._bury(watched)
                pause = watched.backoff.after(now - watched.child.started_at)
                watched.again_at = now + pause
                self._show(OWN, f"{watched.child.name} {_how_it_ended(watched.child)}; again in {pause:g} s")
            if watched.again_at is not None and watched.again_at <= now:
                self._start(watched)

    def stop(self, patience: float = 10.0) -> None:
        """End what `start` started, politely for `patience` seconds, and whatever that left behind."""
        ours = [watched for watched in self._watched if watched.journal is not None]
        for watched in ours:
            watched.child.signal(watched.child.stop_signal)
        deadline = time.monotonic() + patience
        while any(watched.child.alive for watched in ours) and time.monotonic() < deadline:
            self._listen(0.05)
        for watched in ours:
            watched.child.stop(patience=0)
            self._bury(watched)
            self._watched.remove(watched)

    def _start(self, watched: Watched) -> None:
        watched.again_at = None
        watched.child.start()
        process = watched.child.process
        if process is not None and process.stdout is not None:
            os.set_blocking(process.stdout.fileno(), False)
            self._selector.register(process.stdout, selectors.EVENT_READ, watched)

    def _bury(self, watched: Watched) -> None:
        """The rest of its group goes with it: a server's workers would go on serving beside the new ones."""
        watched.child.kill()
        end_adopted({other.child.process.pid for other in self._watched if other.child.process is not None})
        process = watched.child.process
        if process is not None and process.stdout is not None and not process.stdout.closed:
            self._read(process.stdout, watched)
            self._forget(process.stdout)
        if watched.journal is not None:
            watched.journal.close()

    def _listen(self, patience: float) -> None:
        if not self._selector.get_map():
            time.sleep(patience)
        for key, _ in self._selector.select(patience):
            self._read(key.fileobj, key.data)  # type: ignore[arg-type]  # we register nothing but pipes

    def _read(self, pipe: IO[bytes], watched: Watched) -> None:
        """What is there now, 64 kB at most a turn, so that a talkative process can't keep us."""
        try:
            chunk = os.read(pipe.fileno(), 65_536)
        except BlockingIOError:
            return
        if chunk and watched.journal is not None:
            watched.journal.take(chunk)
        elif not chunk:
            self._forget(pipe)

    def _forget(self, pipe: IO[bytes]) -> None:
        if pipe in {key.fileobj for key in self._selector.get_map().values()}:
            self._selector.unregister(pipe)
        pipe.close()


def _how_it_ended(child: Child) -> str:
    code = child.process.returncode if child.process is not None else None
    if code is not None and code < 0:
        return f"was ended by {signal.Signals(-code).name}"
    return f"ended with status {code}"
