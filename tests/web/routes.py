"""Every route of the app, taken from the app itself, so that a new one can't be forgotten; and what any answer owes.

Requests are built as WSGI environments, byte by byte: what a browser would never send must get there too.
"""

from __future__ import annotations

import io
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from flask import Flask
from sqlalchemy import Connection, Engine, event, text
from werkzeug.datastructures import Headers
from werkzeug.test import run_wsgi_app

from service.web.front import TRACKED

PART = re.compile(r"<(?:[^<>]*:)?\w+>")
WRITES = re.compile(r"\b(INSERT\s+INTO|UPDATE\s+\w|DELETE\s+FROM|COPY|TRUNCATE|MERGE)\b")
LOCKS = re.compile(r"\bFOR (NO KEY )?UPDATE\b")
LONGEST = 5.0  # seconds that an answer may take on a machine that is busy with other tests


@dataclass(frozen=True, slots=True)
class Route:
    """A rule with one method. `parts` says how many values its path takes."""

    rule: str
    method: str
    endpoint: str

    @property
    def parts(self) -> int:
        return len(PART.findall(self.rule))

    def path(self, values: Sequence[bytes]) -> bytes:
        """The path with these in it, as the server hands it on: decoded already, in any bytes."""
        left = iter(values)
        return PART.sub(lambda _: next(left).decode("latin-1"), self.rule).encode("latin-1")


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it stands on the wire."""

    method: str
    path: bytes
    query: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    length: str | None = ""  # what Content-Length says: the truth where it is empty, nothing where it is None


@dataclass(frozen=True, slots=True)
class Answered:
    status: int
    headers: Headers
    data: bytes
    seconds: float


def routes(app: Flask, methods: Sequence[str] = ()) -> list[Route]:
    """What the app answers, each with each of its methods (and with these, whether it knows them or not)."""
    found = [
        Route(rule.rule, method, rule.endpoint)
        for rule in app.url_map.iter_rules()
        for method in sorted({*(rule.methods or ()), *methods})
    ]
    ahead = [(f"{prefix}<token>{end}", prefix) for prefix, end in zip(TRACKED, (".gif", ""), strict=True)]
    return found + [
        Route(rule, method, f"ahead:{prefix}") for rule, prefix in ahead for method in {"GET", "HEAD", *methods}
    ]


def ask(app: Flask, asked: Asked) -> Answered:
    """The answer of the whole app, with what stands ahead of Flask. What it raises is raised here."""
    began = time.monotonic()
    data, status, headers = run_wsgi_app(app.wsgi_app, environ(asked), buffered=True)
    body = b"".join(data)
    return Answered(int(status.partition(" ")[0]), headers, body, time.monotonic() - began)


def environ(asked: Asked) -> dict[str, Any]:
    """PEP 3333: text in latin-1, header fields as HTTP_NAME."""
    given: dict[str, Any] = {
        "REQUEST_METHOD": asked.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": asked.path.decode("latin-1"),
        "QUERY_STRING": asked.query.decode("latin-1"),
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "localhost",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(asked.body),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        "wsgi.input_terminated": asked.length is None,
    }
    if asked.length is not None:
        given["CONTENT_LENGTH"] = asked.length or str(len(asked.body))
    for name, value in asked.headers.items():
        key = name.upper().replace("-", "_")
        given[key if key in {"CONTENT_TYPE", "REMOTE_ADDR"} else f"HTTP_{key}"] = value
    return given


def look(asked: Asked, answered: Answered, longest: float = LONGEST) -> None:
    """What every answer owes, whatever was asked: no fault of ours, in time, and guarded."""
    said = f"{asked!r:.400}: {answered.status}"
    assert answered.status < 500 or answered.status == 503, said
    assert answered.seconds < longest, f"{said} after {answered.seconds:.1f} s"
    guarded(answered.headers, said)


def guarded(headers: Headers, said: str) -> None:
    """No sniffing, no referrer, no frame, no script of anybody else's, no cookie."""
    assert headers.get("X-Content-Type-Options") == "nosniff", said
    assert headers.get("Referrer-Policy") == "no-referrer", said
    policy = directives(headers)
    assert policy.get("default-src") == "'none'", said
    assert policy.get("frame-ancestors") in {"'none'", "'self'"}, said
    assert policy.get("script-src", "'none'") in {"'none'", "'self'"}, said
    if policy["frame-ancestors"] == "'none'":
        assert headers.get("X-Frame-Options", "DENY") == "DENY", said
    assert "Set-Cookie" not in headers, said
    assert "Access-Control-Allow-Credentials" not in headers, said
    for name, value in headers:
        assert "\r" not in name + value, said
        assert "\n" not in name + value, said


def directives(headers: Headers) -> dict[str, str]:
    """The Content-Security-Policy, by directive."""
    parts = (each.strip().partition(" ") for each in headers.get("Content-Security-Policy", "").split(";"))
    return {name: value.strip() for name, _, value in parts}


@contextmanager
def writes_of(engine: Engine) -> Iterator[list[str]]:
    """The statements that change a row, from now on."""
    seen: list[str] = []

    def note(_: Connection, cursor: object, statement: str, *rest: object) -> None:
        if WRITES.search(LOCKS.sub("", statement.upper())):
            seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)


def fingerprint(engine: Engine) -> dict[str, tuple[int, str]]:
    """Of each table how many rows there are and what they hold, however they were changed."""
    with engine.connect() as connection:
        tables = connection.scalars(
            text("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename")
        ).all()
        told = "SELECT count(*), coalesce(md5(string_agg(t.xmin::text || t.ctid::text, ',' ORDER BY t.ctid)), '') FROM "
        return {table: tuple(connection.execute(text(f'{told}"{table}" t')).one()) for table in tables}
