"""Where a request comes from."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from service.web.network import client_address, is_local, neighbourhood, read_address

PROXIES = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))


def request(peer: str | None, *forwarded: str, **headers: str) -> Request:
    builder = EnvironBuilder(headers=[("X-Forwarded-For", each) for each in forwarded] + list(headers.items()))
    environ = builder.get_environ()
    if peer is not None:
        environ["REMOTE_ADDR"] = peer
    return Request(environ)


@pytest.mark.parametrize(
    ("peer", "forwarded", "found"),
    [
        ("203.0.113.7", (), "203.0.113.7"),
        ("203.0.113.7", ("198.51.100.1",), "203.0.113.7"),
        ("10.0.0.1", ("198.51.100.1",), "198.51.100.1"),
        ("10.0.0.1", ("1.1.1.1, 198.51.100.1",), "198.51.100.1"),
        ("10.0.0.1", ("1.1.1.1", "198.51.100.1, 10.0.0.9"), "198.51.100.1"),
        ("10.0.0.1", ("nonsense, 10.0.0.9",), "10.0.0.9"),
        ("10.0.0.1", ("",), "10.0.0.1"),
        ("10.0.0.1", ("10.0.0.3",), "10.0.0.3"),
        ("fd00::1", ("[2001:db8::1]:4711",), "2001:db8::1"),
        ("10.0.0.1", ("198.51.100.1:4711",), "198.51.100.1"),
        ("::ffff:10.0.0.1", ("198.51.100.1",), "198.51.100.1"),
        (None, ("198.51.100.1",), None),
    ],
)
def test_the_rightmost_address_that_is_no_trusted_proxy(
    peer: str | None, forwarded: tuple[str, ...], found: str | None
) -> None:
    assert client_address(request(peer, *forwarded), PROXIES) == (ip_address(found) if found else None)


def test_a_household_is_counted_as_one() -> None:
    assert neighbourhood(ip_address("2001:db8:0:1:2:3:4:5")) == "2001:db8:0:1::/64"
    assert neighbourhood(ip_address("203.0.113.7")) == "203.0.113.7"


def test_what_is_no_address_is_none() -> None:
    assert [read_address(name) for name in ("", "unknown", "_hidden", "1.2.3", "[::1")] == [None] * 4 + [
        ip_address("::1")
    ]


def test_a_proxied_request_is_not_of_this_machine() -> None:
    assert is_local(request("127.0.0.1"))
    assert is_local(request("::1"))
    assert not is_local(request("203.0.113.7"))
    assert not is_local(request("127.0.0.1", "198.51.100.1"))
    assert not is_local(request("127.0.0.1", Forwarded="for=198.51.100.1"))
