"""Opens and clicks, answered ahead of Flask: verify the token, note the hit, answer.

    GET, HEAD /open/TOKEN.gif   a transparent pixel
    GET, HEAD /click/TOKEN      302 to a destination that stands in the table `link`, the same for machines

A token names ids and nothing else: it can lead nowhere but to a stored address. No network address is kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

import idna
import structlog
from sqlalchemy import Engine, select
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.urls import iri_to_uri

from service.domain.hit import Kind
from service.domain.token import Signer
from service.store.publication import Link
from service.web.gatherer import Gatherer

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

LINKS_KEPT = 10_000  # destinations remembered by each process; a link never changes

# One transparent pixel, GIF89a (the smallest form that every mail client draws).
PIXEL = bytes.fromhex("47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b")
UNKEPT = ("Cache-Control", "no-store, private")
# What `security` adds to all other answers, as far as it says anything here.
GUARD = [
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
]
PRIVATE = [UNKEPT, *GUARD]
PIXEL_HEADERS = [("Content-Type", "image/gif"), ("Content-Length", str(len(PIXEL))), *PRIVATE]
READS = frozenset({"GET", "HEAD"})
NO_PICTURE = "There is no such picture.\n"
NO_LINK = "This link is not complete. Please copy it whole from your mail, or write to us.\n"
IN_A_MOMENT = "We can't look this link up just now. Please try again in a moment.\n"
# A form of our own site: stored as its path, so that a moved BASE_URL moves it too.
OWN_FORM = re.compile(r"/forms/[a-z0-9-]+")
NOT_ALLOWED = "Only GET and HEAD work here.\n"

log = structlog.get_logger()


class Tracking:
    """The WSGI app that answers the tracking routes and passes everything else on to `next_app`, untouched."""

    def __init__(self, next_app: WSGIApplication, signer: Signer, hits: Gatherer, engine: Engine) -> None:
        self._next = next_app
        self._signer = signer
        self._engine = engine
        self._hits = hits
        self._destination = lru_cache(maxsize=LINKS_KEPT)(self._find_destination)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path.startswith("/open/"):
            return self._open(path[6:], environ, start_response)
        if path.startswith("/click/"):
            return self._click(path[7:], environ, start_response)
        return self._next(environ, start_response)

    def _open(self, name: str, environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        method = environ["REQUEST_METHOD"]
        if method not in READS:
            return _say(method, start_response, "405 Method Not Allowed", NOT_ALLOWED, ("Allow", "GET, HEAD"))
        value = self._signer.read("open", name[:-4]) if name.endswith(".gif") else None
        if value is None:
            return _say(method, start_response, "404 Not Found", NO_PICTURE)
        self._hits.add(Kind.OPEN, int(value), None, method, environ.get("HTTP_USER_AGENT", ""))
        start_response("200 OK", PIXEL_HEADERS.copy())
        return [PIXEL] if method == "GET" else []

    def _click(self, token: str, environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        method = environ["REQUEST_METHOD"]
        if method not in READS:
            return _say(method, start_response, "405 Method Not Allowed", NOT_ALLOWED, ("Allow", "GET, HEAD"))
        value = self._signer.read("click", token)
        if value is None:
            return _say(method, start_response, "404 Not Found", NO_LINK)
        delivery_id, link_id = map(int, value.split("."))
        try:
            url = self._destination(link_id)
        except LookupError:
            return _say(method, start_response, "404 Not Found", NO_LINK)
        except SQLAlchemyError as error:
            log.warning("click.without_database", reason=str(error.__cause__ or error))
            return _say(method, start_response, "503 Service Unavailable", IN_A_MOMENT, ("Retry-After", "5"))
        self._hits.add(Kind.CLICK, delivery_id, link_id, method, environ.get("HTTP_USER_AGENT", ""))
        start_response("302 Found", [("Location", url), ("Content-Length", "0"), *PRIVATE])
        return []

    def _find_destination(self, link_id: int) -> str:
        """The stored address, ready for a header. Raises LookupError, which is not remembered, where there is none."""
        with self._engine.connect() as connection:
            stored = connection.scalar(select(Link.url).where(Link.id == link_id))
        try:
            return for_header(stored or "")
        except ValueError:
            log.error("click.no_destination", link=link_id)
            raise LookupError(link_id) from None


def for_header(url: str) -> str:
    """A stored address in ASCII (RFC 3986, IDNA 2008). Raises ValueError for anything but an address of the web."""
    if OWN_FORM.fullmatch(url):
        return url
    parts = urlsplit(url)
    host = parts.hostname
    if parts.scheme not in {"http", "https"} or not host or not url.isprintable() or " " in url:
        raise ValueError(url)
    if not host.isascii():
        # werkzeug knows IDNA 2003 only, under which faß.de is somebody else's domain.
        port = f":{parts.port}" if parts.port else ""
        url = urlunsplit(parts._replace(netloc=idna.encode(host, uts46=True).decode() + port))
    return iri_to_uri(url)


def _say(method: str, start_response: StartResponse, status: str, words: str, *headers: tuple[str, str]) -> list[bytes]:
    body = words.encode()
    plain = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body))), *PRIVATE, *headers]
    start_response(status, plain)
    return [] if method == "HEAD" else [body]
