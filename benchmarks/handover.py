"""How long it takes from a signup until its first mail is handed over, when there is nothing else to do."""

from __future__ import annotations

import http.client
import re
import socketserver
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from http import HTTPStatus
from random import Random
from statistics import quantiles
from urllib.parse import urlencode, urlsplit

from benchmarks.bench import Bench, say, wait_until
from benchmarks.installation import Installation, installed
from benchmarks.people import FORM, addresses
from benchmarks.result import Result

SEED = 5
APART = (0.0, 1.0)  # seconds between a mail and the next signup, drawn evenly: anywhere between two ticks
PATIENCE = 120.0  # seconds until a mail comes
RECIPIENT = re.compile(rb"^RCPT TO:\s*<([^>]+)>", re.IGNORECASE)
URLENCODED = {"Content-Type": "application/x-www-form-urlencoded"}
FREE = 0  # as a port


class Postbox(socketserver.ThreadingTCPServer):
    """A mail server that takes everything, and notes when (monotonic seconds) the whole mail for whom was there."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", FREE), Session)
        self.arrived: dict[str, float] = {}

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.server_address[1]}"


class Session(socketserver.StreamRequestHandler):
    """One SMTP session (RFC 5321), as far as a client of ours asks; it understands pipelining (RFC 2920)."""

    server: Postbox

    def handle(self) -> None:
        self._say("220 postbox ready")
        recipient = ""
        while line := self.rfile.readline():
            verb = line[:4].upper()
            if found := RECIPIENT.match(line):
                recipient = found[1].decode()
            if verb == b"DATA":
                self._say("354 go on")
                while self.rfile.readline() not in {b".\r\n", b""}:
                    pass
                self.server.arrived.setdefault(recipient, time.monotonic())
            self._say("250-postbox\r\n250-8BITMIME\r\n250 PIPELINING" if verb == b"EHLO" else "250 ok")
            if verb == b"QUIT":
                return

    def _say(self, words: str) -> None:
        self.wfile.write(f"{words}\r\n".encode())


def measure(bench: Bench) -> Mapping[str, Result]:
    """Signups one at a time, on an installation of its own with a mail server that notes times."""
    say(f"handover: {bench.plan.single:,} signups, one at a time")
    folder = bench.installation.home.path.parent / "handover"
    folder.mkdir(mode=0o711)  # its log stands beside its home
    with postbox() as box, installed(folder / "home", box.url, bench.plan.workers, bench.plan.web) as installation:
        took = sorted(_milliseconds(installation, box, bench.plan.single))
    cuts = quantiles(took, n=100, method="inclusive")
    seen = {"signups": len(took), "p50_ms": cuts[49], "p99_ms": cuts[98], "longest_ms": took[-1]}
    return {
        "signup_to_handover_ms": Result(cuts[49], "ms", more=seen),
        "signup_to_handover_p99_ms": Result(cuts[98], "ms", more=seen),
    }


@contextmanager
def postbox() -> Iterator[Postbox]:
    with Postbox() as box:
        threading.Thread(target=box.serve_forever, daemon=True).start()
        yield box
        box.shutdown()


def _milliseconds(installation: Installation, box: Postbox, count: int) -> list[float]:
    """From before the form is sent until the mail server has the whole mail."""
    dice = Random(SEED)
    began: dict[str, float] = {}
    for email in addresses(count + 1):  # the first only makes everything warm
        time.sleep(dice.uniform(*APART))
        began[email] = time.monotonic()
        _sign_up(installation.base, email)
        wait_until(partial(box.arrived.__contains__, email), PATIENCE, f"the mail to {email}", every=0.01)
    return [1000 * (box.arrived[email] - start) for email, start in began.items()][1:]


def _sign_up(base: str, email: str) -> None:
    line = http.client.HTTPConnection(urlsplit(base).netloc, timeout=60)
    line.request("POST", f"/forms/{FORM}", urlencode({"email": email}), URLENCODED)
    answer = line.getresponse()
    answer.read()
    line.close()
    assert answer.status == HTTPStatus.SEE_OTHER, answer.status
