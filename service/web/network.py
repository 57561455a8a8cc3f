"""Where a request comes from, as far as that can be known: the peer, or what a trusted proxy says of it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from flask import Request

Address = IPv4Address | IPv6Address
Networks = Sequence[IPv4Network | IPv6Network]
HOME_NETWORK = 64  # bits of an IPv6 address that one household or server shares


def client_address(request: Request, trusted: Networks) -> Address | None:
    """The address of whoever sent the request; None where the server can't tell (a Unix socket).

    X-Forwarded-For is read only where the peer is a trusted proxy, from the right, and only as far as the addresses
    in it are trusted proxies too: what stands further left is the client's own claim.
    """
    peer = read_address(request.remote_addr or "")
    if peer is None or not _is_in(peer, trusted):
        return peer
    found = peer
    for name in reversed(",".join(request.headers.getlist("X-Forwarded-For")).split(",")):
        address = read_address(name)
        if address is None:
            break
        found = address
        if not _is_in(address, trusted):
            break
    return found


def is_from_proxy(request: Request, trusted: Networks) -> bool:
    """Whether the peer itself is one of the trusted proxies."""
    peer = read_address(request.remote_addr or "")
    return peer is not None and _is_in(peer, trusted)


def is_local(request: Request) -> bool:
    """Whether a program on this machine asks, and not a proxy on this machine for somebody else."""
    peer = read_address(request.remote_addr or "")
    forwarded = any(name in request.headers for name in ("Forwarded", "X-Forwarded-For", "X-Real-IP", "Via"))
    return peer is not None and peer.is_loopback and not forwarded


def neighbourhood(address: Address) -> str:
    """What limits count by: an IPv4 address, or the /64 network of an IPv6 one."""
    if isinstance(address, IPv4Address):
        return str(address)
    return str(IPv6Network((address, HOME_NETWORK), strict=False))


@lru_cache(maxsize=1_024)
def read_address(name: str) -> Address | None:
    """The address in `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1` or `[2001:db8::1]:4711`."""
    name = name.strip()
    if name.startswith("["):
        name = name[1:].partition("]")[0]
    elif name.count(":") == 1:
        name = name.partition(":")[0]
    try:
        address = ip_address(name.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _is_in(address: Address, networks: Networks) -> bool:
    return any(address in network for network in networks)
