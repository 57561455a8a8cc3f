"""Errors as the client can read them: a page for browsers, `application/problem+json` (RFC 9457) for programs."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import structlog
from flask import Flask, Response, g, json, render_template, request
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException

from service.runtime import NothingPublished
from service.store.secret import KeysDiffer
from service.web.away import AGAIN_AFTER, is_away
from service.web.request_id import request_id

PROBLEM = "application/problem+json"
AWAY = "We can't take this just now. Nothing was lost and nothing was stored; please try again in a moment."
FAULT = "Something went wrong on our side. It was noted, and somebody will look at it."
TITLES = {
    400: "That could not be read.",
    404: "Nothing here.",
    405: "That is not possible here.",
    413: "That is too large.",
    415: "That is no form.",
    500: "Sorry, that was our fault.",
    503: "One moment, please.",
}
SENTENCES = {
    404: "There is no such page. If you came by a link in a mail, please copy it whole.",
    405: "This address takes no {method} requests.",
    413: "That is too large: at most {limit} kB are taken here.",
    415: "Send a form (application/x-www-form-urlencoded or multipart/form-data) or JSON (application/json).",
}

NO_OPERATION = "There is no such address in this API; /api/docs shows those there are."

log = structlog.get_logger()


def register(app: Flask) -> None:
    """Answer every error in the client's own format, and never with a stack trace."""
    app.register_error_handler(HTTPException, _http)
    for kind in (SQLAlchemyError, NothingPublished, KeysDiffer):
        app.register_error_handler(kind, _perhaps_away)


def problem(status: int, detail: str, **members: Any) -> Response:
    """A problem document; `members` stand in it beside the usual ones (`errors={field: message}`)."""
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    return Response(json.dumps(body | members | {"request": request_id()}), status, content_type=PROBLEM)


def page(status: int, detail: str, again: Mapping[str, object] | None = None) -> Response:
    """The same for a person. `again` are a form's fields, to be sent once more by a press of a button."""
    title = TITLES.get(status, HTTPStatus(status).phrase)
    fields = {name: value for name, value in (again or {}).items() if isinstance(value, str)}
    words = render_template(
        "problem.html", title=title, status=status, detail=detail, request_id=request_id(), again=fields
    )
    return Response(words, status, content_type="text/html; charset=utf-8")


def wants_json() -> bool:
    """Whether a program asks: it sends JSON, prefers it, or speaks to the API."""
    accepted = request.accept_mimetypes
    prefers = max(accepted["application/json"], accepted[PROBLEM]) > accepted["text/html"]
    return request.path.startswith("/api/") or request.is_json or prefers


def unavailable() -> Response:
    """503: the database is away. The client is told when to come back, and that nothing was taken."""
    answer = problem(503, AWAY) if wants_json() else page(503, AWAY, again=g.get("entry"))
    answer.headers["Retry-After"] = str(AGAIN_AFTER)
    return answer


def _http(error: HTTPException) -> Response:
    status = error.code or 500
    detail = FAULT if status == 500 else SENTENCES.get(status, error.description or HTTPStatus(status).phrase)
    if status == 404 and request.path.startswith("/api/"):
        detail = NO_OPERATION
    limit = (request.max_content_length or 0) // 1024
    detail = detail.format(method=request.method, limit=limit) if status in {405, 413} else detail
    answer = problem(status, detail) if wants_json() else page(status, detail)
    for name, value in error.get_headers():
        if name in {"Allow", "Retry-After", "WWW-Authenticate"}:
            answer.headers[name] = value
    return answer


def _perhaps_away(error: Exception) -> Response:
    if not is_away(error):
        raise error
    log.warning("request.unavailable", reason=f"{type(error).__name__}: {error}".splitlines()[0])
    return unavailable()
