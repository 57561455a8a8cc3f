"""Load over kept connections: by wrk where it can be had, else by threads of our own, which are slower and say so."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from http import HTTPStatus
from itertools import cycle
from pathlib import Path
from statistics import quantiles
from typing import NamedTuple
from urllib.parse import urlsplit

from benchmarks.programs import Missing, Program, find

SCRIPT = Path(__file__).with_name("load.lua")
READER = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Thunderbird/140.5.0"
FORM = "application/x-www-form-urlencoded"
WRK_SHORTEST = 1  # seconds
GRACE = 60  # seconds for a generator to end, beyond its time


class Request(NamedTuple):
    method: str
    path: str
    body: str = ""


@dataclass(frozen=True, slots=True)
class Answered:
    """What came back. `refused` have a status of 400 and above, `broken` no whole answer at all."""

    requests: int
    seconds: float
    refused: int
    broken: int
    p50_ms: float
    p99_ms: float

    @property
    def taken(self) -> int:
        return self.requests - self.refused

    @property
    def rate(self) -> float:
        return self.taken / self.seconds


class Load:
    """Asks as fast as the answers come, over `connections` kept connections."""

    def __init__(self, connections: int, fetch: bool, shortest: float = WRK_SHORTEST) -> None:
        """`shortest` is the shortest time, in seconds, that will be asked for."""
        self._connections = connections
        self._wrk: Program | None = None
        try:
            if shortest < WRK_SHORTEST:
                raise Missing("wrk runs for a second at least")
            self._wrk = find("wrk", "wrk", fetch, libraries=("libluajit-5.1-2", "libluajit-5.1-common"))
            self.name = self._wrk.package
        except Missing as why:
            self.name = f"Python's http.client ({why})"

    def run(
        self,
        base: str,
        requests: Sequence[Request],
        seconds: float,
        user_agent: str = READER,
        headers: Mapping[str, str] | None = None,
    ) -> Answered:
        """Send `requests` in their order, from the start again after the last, for about `seconds`.

        A body is a form's, unless `headers` say otherwise.
        """
        sent = {"User-Agent": user_agent} | dict(headers or {})
        if self._wrk is None:
            return _ask_all(base, requests, self._connections, sent, seconds)
        with tempfile.NamedTemporaryFile("w", suffix=".requests") as file:
            file.writelines(f"{each.method}\t{each.path}\t{each.body}\n" for each in requests)
            file.flush()
            written = [f"{name}: {value}" for name, value in sent.items()]
            options = ["-t", "1", "-c", str(self._connections), "-d", f"{round(seconds)}s", "--timeout", "20s"]
            done = subprocess.run(
                [self._wrk.path, *options, "-s", str(SCRIPT), base, "--", file.name, *written],
                env=os.environ | self._wrk.environment,
                capture_output=True,
                text=True,
                timeout=seconds + GRACE,
                check=True,
            )
        answer = next(line for line in done.stdout.splitlines() if line.startswith("RESULT "))
        return Answered(**json.loads(answer.removeprefix("RESULT ")))

    def run_once(
        self,
        base: str,
        requests: Sequence[Request],
        user_agent: str = READER,
        headers: Mapping[str, str] | None = None,
    ) -> Answered:
        """Send each request once, from this process; for what is not timed."""
        sent = {"User-Agent": user_agent} | dict(headers or {})
        return _ask_all(base, requests, self._connections, sent, once=True)


def total(answers: Iterable[Answered]) -> Answered:
    """Several rounds as one; its latencies are those of the slowest."""
    rounds = list(answers)
    sums = {each.name: sum(getattr(answered, each.name) for answered in rounds) for each in fields(Answered)}
    latest = {name: max(getattr(answered, name) for answered in rounds) for name in ("p50_ms", "p99_ms")}
    return Answered(**sums | latest)


def _ask_all(
    base: str,
    requests: Sequence[Request],
    connections: int,
    headers: Mapping[str, str],
    seconds: float = 0.0,
    once: bool = False,
) -> Answered:
    """The generator of our own: a thread and a connection for each share of the requests."""
    clients = [Client(base, requests[turn::connections], headers) for turn in range(min(connections, len(requests)))]
    began = time.monotonic()
    threads = [threading.Thread(target=client.run, args=(began + seconds, once)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = [millisecond for client in clients for millisecond in client.took]
    cuts = quantiles(took, n=100) if len(took) > 1 else [0.0] * 99
    refused, broken = (sum(getattr(client, name) for client in clients) for name in ("refused", "broken"))
    return Answered(len(took), time.monotonic() - began, refused, broken, cuts[49], cuts[98])


class Client:
    """One connection and what it met."""

    def __init__(self, base: str, requests: Sequence[Request], headers: Mapping[str, str]) -> None:
        self._line = http.client.HTTPConnection(urlsplit(base).netloc, timeout=20)
        self._requests = requests
        self._headers = headers
        self.took: list[float] = []
        self.refused = self.broken = 0

    def run(self, until: float, once: bool) -> None:
        """Ask until then (monotonic), over and over; or `once` each, however long that takes."""
        for request in self._requests if once else cycle(self._requests):
            start = time.monotonic()
            if not once and start >= until:
                break
            try:
                self.refused += self._ask(request) >= HTTPStatus.BAD_REQUEST
            except (OSError, http.client.HTTPException):
                self.broken += 1
                self._line.close()
                continue
            self.took.append(1000 * (time.monotonic() - start))
        self._line.close()

    def _ask(self, request: Request) -> int:
        headers = ({"Content-Type": FORM} if request.body else {}) | dict(self._headers)
        self._line.request(request.method, request.path, request.body or None, headers)
        answer = self._line.getresponse()
        answer.read()
        return answer.status
