"""A GET that nobody can make long, large or lead elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from service.ports import NotNow
from service.providers.line import Patience
from service.providers.visit import visit

HASTE = Patience(deadline=1.0)


@contextmanager
def answering(status: int, headers: dict[str, str], body: bytes, drip: float = 0.0) -> Iterator[tuple[str, list[str]]]:
    """Its address, and the paths that were asked for. With `drip` a header comes letter by letter, so far apart."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            with suppress(OSError):  # the caller had enough
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                while drip:
                    self.wfile.write(b"X")
                    time.sleep(drip)
                self.end_headers()
                self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    server.server_close()


def test_what_is_there_is_read() -> None:
    with answering(200, {}, b"a certificate") as (url, asked):
        assert visit(url + "/a.pem") == b"a certificate"
        assert asked == ["/a.pem"]


@pytest.mark.parametrize("status", [204, 404, 500])
def test_anything_but_a_page_is_nothing_now(status: int) -> None:
    with answering(status, {}, b"") as (url, _), pytest.raises(NotNow, match=f"it answered {status}"):
        visit(url)


def test_no_redirect_is_followed() -> None:
    with answering(200, {}, b"x") as (elsewhere, asked), answering(302, {"Location": elsewhere}, b"") as (url, _):
        with pytest.raises(NotNow):
            visit(url)
        assert asked == []


def test_neither_a_flood_nor_a_trickle_is_waited_for() -> None:
    began = time.monotonic()
    with answering(200, {}, b"x" * 5_000_000) as (url, _), pytest.raises(NotNow):
        visit(url, HASTE)
    with answering(200, {}, b"", drip=0.05) as (url, _), pytest.raises(NotNow, match="no whole answer within 1 sec"):
        visit(url, HASTE)
    assert time.monotonic() - began < 20


def test_where_nobody_listens_there_is_nothing_now() -> None:
    with pytest.raises(NotNow):
        visit("http://127.0.0.1:9/")
