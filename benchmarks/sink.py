"""Where measured mails end: a mail server that takes everything and keeps nothing, and what Postfix sends to it.

`smtp-sink` and `smtp-source` are Postfix's own test programs; nothing of Postfix is installed or started. Without
them a sink of our own takes the mails, and there is no reference.
"""

from __future__ import annotations

import asyncio
import os
import re
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
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
COUNTED = re.compile(rb"mesg=(\d+)")
PATIENCE = 120  # seconds for smtp-source


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
        """How many mails came in so far."""
        found = COUNTED.findall(self.log.read_bytes())
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
    """A sink on loopback while the context lasts."""
    port, log = free_port(HOST, 0), folder / "sink.log"
    address = f"{HOST}:{port}"
    try:
        program, source = find("smtp-sink", "postfix", fetch), find("smtp-source", "postfix", fetch)
        user = ("-u", UNPRIVILEGED) if os.geteuid() == 0 else ()
        child = Child("smtp-sink", (program.path, "-c", *user, address, str(BACKLOG)), program.environment, log=log)
        sink = Sink(port, f"smtp-sink of {program.package}", log, source)
    except Missing as why:
        child = Child("sink", (sys.executable, "-m", "benchmarks.sink", address), log=log)
        sink = Sink(port, f"a sink of our own on asyncio ({why})", log, None)
    child.start()
    try:
        child.wait_until(lambda: answers(HOST, port))
        yield sink
    finally:
        child.stop()


class Taker(asyncio.Protocol):
    """Just enough of RFC 5321 for a client that asks for nothing else."""

    taken = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._rest = b""
        self._in_data = False
        self._say(b"220 sink ESMTP")

    def data_received(self, data: bytes) -> None:
        self._rest += data
        while True:
            before, end, after = self._rest.partition(b"\r\n.\r\n" if self._in_data else b"\r\n")
            if not end:
                return
            self._rest = after
            self._answer(before)

    def _answer(self, line: bytes) -> None:
        verb = line[:4].upper()
        if self._in_data:
            self._in_data = False
            Taker.taken += 1
            self._say(b"250 2.0.0 taken")
        elif verb == b"DATA":
            self._in_data = True
            self._say(b"354 go on")
        elif verb == b"QUIT":
            self._say(b"221 2.0.0 bye")
            self._transport.close()
        else:
            self._say(b"250 2.0.0 fine")

    def _say(self, words: bytes) -> None:
        self._transport.write(words + b"\r\n")


async def take(host: str, port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Taker, host, port)
    async with server:
        while True:
            await asyncio.sleep(0.1)
            print(f"mesg={Taker.taken}", flush=True)


if __name__ == "__main__":
    asyncio.run(take(HOST, int(sys.argv[1].rpartition(":")[2])))
