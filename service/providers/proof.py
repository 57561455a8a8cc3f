"""Secrets that webhooks are proven by, and comparing them so that the time it takes tells nothing."""

from __future__ import annotations

import hmac
import re
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Iterable, Sequence

from service.ports import NotAuthentic, Received

_NAMED = re.compile(r"(?P<name>[a-z0-9-]{1,40})=(?P<secret>[^=].*)")


def is_among(shown: bytes, known: Iterable[bytes]) -> bool:
    """Whether it is one of them, none of which is empty; the time that takes says nothing of which one was near."""
    return any([hmac.compare_digest(shown, each) for each in known if each])  # noqa: C419 (all of them, always)


def basic_fault(secret: str) -> str:
    """What is wrong with a secret of HTTP basic authentication; empty where nothing is."""
    user, _, password = secret.partition(":")
    return "" if user and password else "must be user:password, as in the webhook's address at the provider"


def basic_password(received: Received, secrets: Sequence[str]) -> None:
    """HTTP basic authentication (RFC 7617): `user:password`, as it was written into the provider's webhook address.

    Raises NotAuthentic.
    """
    kind, _, given = received.headers.get("authorization", "").partition(" ")
    try:
        shown = b64decode(given.strip(), validate=True) if kind.lower() == "basic" else b""
    except (NotBase64, ValueError):
        shown = b""
    if not is_among(shown, [secret.encode() for secret in secrets]):
        raise NotAuthentic("its user and password are not those in the settings")


def by_name(written: str) -> dict[str, tuple[str, ...]]:
    """Secrets by comma, `NAME=SECRET` for an address of its own. Base64 may end in `=`, and is no name then."""
    found: dict[str, tuple[str, ...]] = {}
    for entry in (each.strip() for each in written.split(",") if each.strip()):
        named = _NAMED.fullmatch(entry)
        name, secret = (named["name"], named["secret"]) if named else ("", entry)
        found[name] = (*found.get(name, ()), secret)
    return found
