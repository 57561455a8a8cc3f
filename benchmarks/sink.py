"""Where measured mails end: a mail server that takes everything and keeps nothing, and what Postfix sends to it.

`smtp-sink` and `smtp-source` are Postfix's own test programs; nothing of Postfix is installed or started. Without
them a sink of our own takes the mails, and there is no reference.
"""

from __future__ import annotations

import os
import re
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.programs import Missing, Program, find
from service.local.child import Child
from service.local.port import answers, free_port

HOST = "127.0.0.1"
BACKLOG = 100
SESSIONS = 10
UNPRIVILEGED = "nobody"  # smtp-sink refuses to run as root
COUNTED = re.compile(rb"mesg=(\d+)\s")
TAIL = 1_000  # bytes; it tells of each mail, and of a million that is a long text
PATIENCE = 120  # seconds for smtp-source
STILL = 0.25  # seconds without another mail; our own sink tells ten times a second


@dataclass(frozen=True, slots=True)
class Sink:
    """`source` is Postfix's smtp-source, where it is here; `name` says which program takes the mails."""

    port: int
    name: str
    log: Path
    source: Program | None

    @property
    def url(self) -> str:
        return f"smtp://{HOST}:{self.port}"

    def count(self) -> int:
        """How many mails came in so far, once that stands still."""
        before, now = -1, self.so_far()
        while now != before:
            time.sleep(STILL)
            before, now = now, self.so_far()
        return now

    def so_far(self) -> int:
        """How many have come in, while more do."""
        with self.log.open("rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - TAIL))
            found = COUNTED.findall(log.read())
        return int(found[-1]) if found else 0

    def blast(self, mails: int, size: int) -> Blast:
        """Let smtp-source send mails of `size` bytes over ten kept sessions."""
        assert self.source is not None
        options = ["-d", "-s", str(SESSIONS), "-m", str(mails), "-l", str(size)]
        before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        subprocess.run(
            [self.source.path, *options, f"{HOST}:{self.port}"],
            env=os.environ | self.source.environment,
            check=True,
            timeout=PATIENCE,
        )
        took, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
        used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return Blast(mails / took, 1000 * used / mails)


@dataclass(frozen=True, slots=True)
class Blast:
    """Mails a second, and smtp-source's own processor time for each, in milliseconds."""

    rate: float
    cpu_ms: float


@contextmanager
def taking_mails(folder: Path, fetch: bool) -> Iterator[Sink]:
    """A sink on loopback while the context lasts: Postfix's where it can be had, else our own."""
    try:
        taker, source = find("smtp-sink", "postfix", fetch), find("smtp-source", "postfix", fetch)
    except Missing as why:
        with own_sink(folder, str(why)) as sink:
            yield sink
        return
    user = ("-u", UNPRIVILEGED) if os.geteuid() == 0 else ()
    sink = Sink(free_port(HOST, 0), f"smtp-sink of {taker.package}", folder / "sink.log", source)
    with _running(sink, (taker.path, "-c", *user, f"{HOST}:{sink.port}", str(BACKLOG)), taker.environment):
        yield sink


@contextmanager
def own_sink(folder: Path, why: str) -> Iterator[Sink]:
    """The sink without Postfix; `why` there is none."""
    sink = Sink(free_port(HOST, 0), f"a sink of our own on asyncio ({why})", folder / "sink.log", None)
    with _running(sink, (sys.executable, "-m", "benchmarks.own_sink", HOST, str(sink.port)), {}):
        yield sink


@contextmanager
def _running(sink: Sink, command: tuple[str, ...], environment: Mapping[str, str]) -> Iterator[None]:
    child = Child("sink", command, environment, log=sink.log)
    child.start()
    try:
        child.wait_until(lambda: answers(HOST, sink.port))
        yield
    finally:
        child.stop()
