"""The first to see a request: the tracking routes, ahead of Flask, from the moment that the keys can be read."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING

import structlog

from service.runtime import Runtime
from service.web.away import AGAIN_AFTER, is_away
from service.web.gatherer import Gatherer
from service.web.tracking import PRIVATE, Tracking

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

TRACKED = ("/open/", "/click/")
IN_A_MOMENT = b"We can't look this up just now. Please try again in a moment.\n"

log = structlog.get_logger()


class Front:
    """`Tracking`, opened at the first request that needs it: an app starts while its database is still away."""

    def __init__(self, next_app: WSGIApplication, runtime: Runtime, hits: Gatherer) -> None:
        self._next = next_app
        self._runtime = runtime
        self._hits = hits
        self._opening = threading.Lock()
        self._tracking: Tracking | None = None

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if self._tracking is None:
            if not environ["PATH_INFO"].startswith(TRACKED):
                return self._next(environ, start_response)
            if not self._open():
                headers = [("Content-Type", "text/plain; charset=utf-8"), ("Retry-After", str(AGAIN_AFTER)), *PRIVATE]
                start_response("503 Service Unavailable", headers)
                return [IN_A_MOMENT]
        assert self._tracking is not None
        return self._tracking(environ, start_response)

    def _open(self) -> bool:
        with self._opening:
            if self._tracking is None:
                runtime = self._runtime
                try:
                    self._tracking = Tracking(self._next, runtime.signer, self._hits, runtime.engine)
                except Exception as error:
                    if not is_away(error):
                        raise
                    log.warning("tracking.unavailable", error=type(error).__name__)
            return self._tracking is not None
