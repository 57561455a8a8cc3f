"""POSTs to the services that `webhooks` of business.yaml names, trusting none: short, bounded, and nowhere else.

No redirect is followed and no proxy asked. The address that was really connected to is looked at before a byte
leaves, so that no name can lead into the private network, whatever it resolves to by then.
"""

from __future__ import annotations

import ipaddress
import socket
import threading
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.poolmanager import PoolManager

from service.ports import Called

TIMEOUT = 5.0  # seconds to connect, and for each silence of the other side
DEADLINE = 10.0  # seconds for the whole call
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
AGENT = "Everafter (+https://standardwebhooks.com)"
TOO_SLOW = "It did not answer within {:.0f} seconds."
GONE = 410  # the receiver wants no more calls (Standard Webhooks, "operational considerations")


class PrivateAddress(OSError):  # noqa: N818 (what it says)
    """The name leads into a private network."""


class WebhookCaller:
    """Implements `service.ports.Caller`; each call has a connection of its own, and ends by its deadline."""

    def call(self, url: str, headers: Mapping[str, str], body: bytes) -> Called:
        """POST a JSON body; 2xx is taken."""
        with requests.Session() as session:
            session.trust_env = False  # no proxy, and no password out of ~/.netrc
            adapter = _Adapter(loopback=urlsplit(url).hostname in LOOPBACK)
            session.mount("http://", adapter)
            session.mount("https://", adapter)
            watch = threading.Timer(DEADLINE, adapter.cut)
            watch.daemon = True
            watch.start()
            try:
                called = _post(session, url, headers, body)
            except requests.RequestException as error:
                return Called(False, _why(error, adapter))
            finally:
                watch.cancel()
        # Half of an answer is none, whatever it began with.
        return Called(False, TOO_SLOW.format(DEADLINE)) if adapter.is_cut else called


def _post(session: requests.Session, url: str, headers: Mapping[str, str], body: bytes) -> Called:
    own = {"Content-Type": "application/json", "User-Agent": AGENT}
    # `stream`: nobody reads the answer's body, however long it is.
    with session.post(
        url, data=body, headers=own | dict(headers), timeout=TIMEOUT, allow_redirects=False, stream=True
    ) as answer:
        status = answer.status_code
    if 200 <= status < 300:
        return Called(True)
    if 300 <= status < 400:
        return Called(False, f"It answered {status}, a redirect, and none is followed.")
    return Called(False, f"It answered {status}.", is_final=status == GONE)


def _why(error: requests.RequestException, adapter: _Adapter) -> str:
    """A sentence without addresses or what was sent: it is shown to people."""
    if adapter.is_cut or isinstance(error, requests.Timeout):
        return TOO_SLOW.format(DEADLINE if adapter.is_cut else TIMEOUT)
    if adapter.is_led_astray:
        return "Its name leads into a private network, where nothing is sent."
    if isinstance(error, requests.exceptions.SSLError):
        return "Its certificate is not valid for its name."
    return "It could not be reached." if isinstance(error, requests.ConnectionError) else "It could not be called."


class _Adapter(HTTPAdapter):
    """One call's connections, which know where they may lead, and can be cut from another thread."""

    def __init__(self, loopback: bool) -> None:
        self.loopback = loopback
        self.is_cut = False
        self.is_led_astray = False
        self._open: list[HTTPConnection] = []
        super().__init__(max_retries=0)

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options)
        guarded = {"http": _guard(self, HTTPConnection), "https": _guard(self, HTTPSConnection)}
        self.poolmanager: PoolManager
        self.poolmanager.pool_classes_by_scheme = {
            "http": type("Plain", (HTTPConnectionPool,), {"ConnectionCls": guarded["http"]}),
            "https": type("Secure", (HTTPSConnectionPool,), {"ConnectionCls": guarded["https"]}),
        }

    def opened(self, connection: HTTPConnection, sock: socket.socket) -> None:
        """Look at who is at the other end. Raises PrivateAddress."""
        self._open.append(connection)
        address = ipaddress.ip_address(sock.getpeername()[0].partition("%")[0])
        real = address.ipv4_mapped or address if isinstance(address, ipaddress.IPv6Address) else address
        if not (real.is_loopback if self.loopback else real.is_global):
            sock.close()
            self.is_led_astray = True
            raise PrivateAddress

    def cut(self) -> None:
        """End the call, wherever it waits."""
        self.is_cut = True
        for connection in self._open:
            try:
                if connection.sock is not None:
                    connection.sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # it has just ended by itself


def _guard(adapter: _Adapter, kind: type[HTTPConnection]) -> type[HTTPConnection]:
    class Guarded(kind):  # type: ignore[misc, valid-type]
        def connect(self) -> None:
            super().connect()
            if adapter.is_cut:  # meanwhile, when there was nothing yet to shut down
                self.close()
                raise ConnectionAbortedError

        def _new_conn(self) -> socket.socket:
            sock: socket.socket = super()._new_conn()
            adapter.opened(self, sock)
            return sock

    return Guarded
