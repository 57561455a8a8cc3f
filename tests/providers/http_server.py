"""A provider's API on this machine: real sockets, kept connections, and the faults that any server may have."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.providers.dialects import Dialect, Reply, Request


class Fault(Enum):
    """What goes wrong. In each but CUT_BEFORE the provider has taken the mails."""

    CUT_BEFORE = "the line is cut, and nothing was taken"
    CUT = "the line is cut before the answer"
    HALF = "half of the answer, then the line is cut"
    TRICKLE = "the answer comes letter by letter"
    GARBLED = "the answer is no JSON"
    ENDLESS = "the answer doesn't end"


@dataclass
class Api:
    """`faults` befall the next requests, one each; a Reply is answered without asking the provider."""

    url: str
    faults: deque[Fault | Reply] = field(default_factory=deque)
    requests: list[Request] = field(default_factory=list)
    connections: int = 0


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """The caller had enough, and cut the line."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    api: Api
    dialect: Dialect
    turn: threading.Lock

    def setup(self) -> None:
        super().setup()
        self.api.connections += 1

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.path, headers, body, self.command)
        with self.turn:
            self.api.requests.append(request)
            fault = self.api.faults.popleft() if self.api.faults else None
            reply = self._reply(request, fault)
        # A whole answer leaves the line open: the next request would race its end.
        self.close_connection = isinstance(fault, Fault) and fault is not Fault.GARBLED
        with suppress(OSError):  # the caller had enough
            self._say(reply, fault if isinstance(fault, Fault) else None)

    def _reply(self, request: Request, fault: Fault | Reply | None) -> Reply:
        if isinstance(fault, Reply):
            return fault
        return Reply(500) if fault is Fault.CUT_BEFORE else self.dialect.answer(request)

    def _say(self, reply: Reply, fault: Fault | None) -> None:
        if fault in {Fault.CUT_BEFORE, Fault.CUT}:
            return
        body = (b'{"taken": ' if fault is Fault.GARBLED else reply.body).ljust(2)  # so that there is half of it
        self.send_response(reply.status)
        for name, value in {"Content-Type": "application/json", **reply.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(10**9 if fault is Fault.ENDLESS else len(body)))
        if fault is Fault.TRICKLE:
            self._trickle()
            return
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if fault is Fault.HALF else body)
        while fault is Fault.ENDLESS:
            self.wfile.write(b" " * 65_536)

    def _trickle(self) -> None:
        self.flush_headers()
        self.wfile.write(b"X-Slow: ")
        for _ in range(1_000):
            self.wfile.write(b"a")
            self.wfile.flush()
            time.sleep(0.02)

    def log_message(self, format: str, *args: object) -> None: ...


@contextmanager
def serving(dialect: Dialect) -> Iterator[Api]:
    """The API for as long as the `with` lasts."""
    api = Api("")
    handler = type("Handler", (_Handler,), {"api": api, "dialect": dialect, "turn": threading.Lock()})
    server = _Server(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    api.url = f"http://127.0.0.1:{server.server_port}"
    yield api
    server.shutdown()
    server.server_close()
