"""Somebody else's website: a real server on another origin, whose pages allow our form's script and nothing more."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from string import Template

ORIGIN = "http://hair.example"  # the browser is told that it is on this machine; the form's `origins` name it
PAGE = Template(
    """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Hair</title><link rel="icon" href="data:,"></head>
<body><main><h1>All about hair</h1>$body</main></body></html>"""
)
STRICT = Template(
    "default-src 'none'; script-src $base; connect-src $base; img-src data:; form-action 'none'; base-uri 'none'; "
    "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)


@dataclass
class Elsewhere:
    """`port` of this machine; `put` makes a page."""

    port: int
    pages: dict[str, tuple[str, dict[str, str]]] = field(default_factory=dict)

    def put(self, path: str, body: str, **headers: str) -> str:
        """The address of a new page; `_` in a header's name stands for `-`."""
        self.pages[path] = (
            PAGE.substitute(body=body),
            {name.replace("_", "-"): text for name, text in headers.items()},
        )
        return ORIGIN + path


@contextmanager
def serving() -> Iterator[Elsewhere]:
    """The website, for as long as the `with` lasts."""
    site = Elsewhere(0)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            page, headers = site.pages.get(self.path, ("", {}))
            self.send_response(200 if page else 404)
            for name, text in {"Content-Type": "text/html; charset=utf-8", **headers}.items():
                self.send_header(name, text)
            self.end_headers()
            self.wfile.write(page.encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        site.port = server.server_port
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield site
        server.shutdown()
