"""The reference of all answers: the least that a WSGI app can do, under granian with the site's own settings."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

import psutil
from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels

from service.cli.web import CONNECTIONS, HEADER_MILLISECONDS, THREADS
from service.local.child import Child
from service.local.lifeline import die_with
from service.local.port import answers, free_port

if TYPE_CHECKING:
    from pathlib import Path

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

HOST = "127.0.0.1"
NAME = "bare granian WSGI"
BODY = b"OK"


def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(BODY)))])
    return [BODY]


class Bare:
    """The server while it runs."""

    def __init__(self, workers: int, log: Path) -> None:
        port = free_port(HOST, 0)
        self.base = f"http://{HOST}:{port}"
        self.child = Child("granian", (sys.executable, "-m", "benchmarks.bare", str(port), str(workers)), log=log)
        self.child.start()
        self.child.wait_until(lambda: answers(HOST, port))

    def processor_seconds(self) -> float:
        """User and system time so far, of all its processes."""
        assert self.child.process is not None
        server = psutil.Process(self.child.process.pid)
        return sum(sum(process.cpu_times()[:2]) for process in (server, *server.children(recursive=True)))


@contextmanager
def serving(workers: int, log: Path) -> Iterator[Bare]:
    bare = Bare(workers, log)
    try:
        yield bare
    finally:
        bare.child.stop()


def load(parent: int) -> WSGIApplication:
    """In each of granian's workers."""
    die_with(parent)
    return answer


def main(port: int, workers: int) -> None:
    """As `everafter web` does."""
    server = Granian(
        "benchmarks.bare:answer",
        address=HOST,
        port=port,
        interface=Interfaces.WSGI,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=HEADER_MILLISECONDS),
        workers=workers,
        blocking_threads=THREADS,
        backpressure=CONNECTIONS,
        log_level=LogLevels.error,
    )
    server.serve(target_loader=partial(load, os.getpid()), wrap_loader=False)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
