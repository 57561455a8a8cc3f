"""Every request has an id: in the answer's `X-Request-Id`, in each of its log lines, and on the pages of errors."""

from __future__ import annotations

import re
import time
from secrets import token_hex

import structlog
from flask import Flask, Response, g, request
from prometheus_client import Counter

from service.web.current import current_runtime
from service.web.network import is_from_proxy

HEADER = "X-Request-Id"
GIVEN = re.compile(r"[A-Za-z0-9_-]{8,64}")  # what we take from a trusted proxy

QUIET = frozenset({"health", "metrics", "mailbox"})  # asked every few seconds, and no news where all is well
METHODS = frozenset({"GET", "HEAD", "POST", "PATCH", "DELETE"})
REQUESTS = Counter("everafter_requests", "Requests that this process answered", ["method", "route", "status"])

log = structlog.get_logger()


def register(app: Flask) -> None:
    """Give each request its id, and say in one line how it ended."""
    app.before_request(_begin)
    app.after_request(_end)


def request_id() -> str:
    """The current request's id."""
    return str(g.request_id)


def _begin() -> None:
    given = request.headers.get(HEADER, "")
    g.request_id = given if GIVEN.fullmatch(given) and _is_trusted() else token_hex(8)
    g.begun_at = time.monotonic()
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request=g.request_id)


def _is_trusted() -> bool:
    return is_from_proxy(request, current_runtime().settings.trusted_proxies)


def _end(response: Response) -> Response:
    response.headers[HEADER] = request_id()
    # The route and never the path: a token in a log would let its reader unsubscribe people.
    route = request.url_rule.rule if request.url_rule else None
    milliseconds = round((time.monotonic() - g.begun_at) * 1000, 1)
    method = request.method if request.method in METHODS else "other"
    REQUESTS.labels(method, route or "none", response.status_code).inc()
    if request.blueprint in QUIET and response.status_code in {200, 304}:
        return response
    log.info("request", method=method, route=route, status=response.status_code, ms=milliseconds)
    return response
