"""One kept connection to a provider, over requests: it ends each request by a deadline, and never follows elsewhere."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy
from math import inf
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError

from service.providers.service import Answer, Call

MOST = 1_000_000  # bytes of an answer
SHORTEST = 0.1  # seconds to connect


@dataclass(frozen=True, slots=True)
class Patience:
    """How long is waited, in seconds."""

    connect: float = 5.0
    silence: float = 15.0  # between two signs of life
    deadline: float = 25.0  # for the whole, so that a trickle ends as well
    pause: float = 0.5  # before a request is repeated
    idle: float = 30.0  # for which a kept connection is trusted: a server that has closed it would cost a mail


PATIENCE = Patience()


class NotReached(Exception):  # noqa: N818 (what it says)
    """No connection: surely nothing of the request was read."""


class Lost(Exception):  # noqa: N818 (what it says)
    """The request may have arrived, and no whole answer came."""


class Line:
    """A connection, for one request at a time."""

    def __init__(self, patience: Patience = PATIENCE) -> None:
        self._patience = patience
        self._used = 0.0  # time.monotonic() of the last sign of life
        self._session = requests.Session()
        self._session.trust_env = False  # no proxy, and no password out of ~/.netrc
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self._adapter = _Adapter(patience.deadline)
        self._session.mount("http://", self._adapter)
        self._session.mount("https://", self._adapter)

    def make(self, call: Call, start_by: float = inf) -> Answer:
        """Make a request that leaves by then, in seconds of `time.monotonic()`, and read the whole answer.

        Raises NotReached or Lost.
        """
        connect = max(SHORTEST, min(self._patience.connect, start_by - time.monotonic()))
        if time.monotonic() - self._used > self._patience.idle:
            self._adapter.close()
        self._adapter.begin()
        watch = threading.Timer(self._patience.deadline, self._adapter.cut)
        watch.daemon = True
        watch.start()
        try:
            with self._session.request(
                call.method,
                call.url,
                data=call.body or None,
                headers=dict(call.headers),
                timeout=(connect, self._patience.silence),
                allow_redirects=False,
                stream=True,
            ) as response:
                body = response.raw.read(MOST + 1, decode_content=True)
                if len(body) > MOST:
                    raise Lost("its answer is longer than a megabyte")
                headers = {name.lower(): value for name, value in response.headers.items()}
                return Answer(response.status_code, headers, body)
        except (requests.RequestException, HTTPError, OSError) as error:
            if self._adapter.never_connected:
                raise NotReached(self._adapter.told(error)) from None
            raise Lost(self._adapter.told(error)) from None
        finally:
            self._used = time.monotonic()
            watch.cancel()

    def close(self) -> None:
        self._session.close()


class _Adapter(HTTPAdapter):
    """Connections that can be cut from another thread."""

    def __init__(self, deadline: float) -> None:
        self._deadline = deadline
        self.never_connected = False
        self._is_cut = False
        self._last: HTTPConnection | None = None
        super().__init__(pool_connections=1, pool_maxsize=1, max_retries=0)

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = {
            "http": type("Plain", (HTTPConnectionPool,), {"ConnectionCls": _known_to(self, HTTPConnection)}),
            "https": type("Secure", (HTTPSConnectionPool,), {"ConnectionCls": _known_to(self, HTTPSConnection)}),
        }

    def begin(self) -> None:
        """Another request: it goes over the connection that is kept, or opens one."""
        self.never_connected = self._is_cut = False

    def open(self, connection: HTTPConnection, connect: Callable[[], None]) -> None:
        """Only what fails in here is surely before the request."""
        self.never_connected = True
        self._last = connection
        connect()
        if self._is_cut:  # meanwhile, when there was nothing yet to shut down
            connection.close()
            raise ConnectionAbortedError
        self.never_connected = False

    def cut(self) -> None:
        """End what is under way."""
        self._is_cut = True
        sock = self._last.sock if self._last is not None else None
        if sock is not None:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                return  # it has just ended by itself

    def told(self, error: Exception) -> str:
        """A sentence without addresses or what was sent."""
        if self._is_cut:
            return f"no whole answer within {self._deadline:g} seconds"
        return f"the line broke ({type(error).__name__})"


def _known_to(adapter: _Adapter, kind: type[HTTPConnection]) -> type[HTTPConnection]:
    class Known(kind):  # type: ignore[misc, valid-type]
        def connect(self) -> None:
            adapter.open(self, super().connect)

    return Known
