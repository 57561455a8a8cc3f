"""Calls to other services: signed as Standard Webhooks 1.0 (standardwebhooks.com) says, and when they are repeated."""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Mapping
from datetime import timedelta

PREFIX = "whsec_"
LARGEST = 64 * 1024  # bytes of a body

# After each attempt that failed, as the specification advises; 24 hours and a half from the first to the last.
PAUSES = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=8),
    timedelta(hours=9),
)


def secret_of(root: str, name: str) -> bytes:
    """The key that calls of one webhook are signed with: 256 bits, derived from the installation's own.

    Another name is another key, so whoever runs one receiver can't sign for the others.
    """
    return hmac.digest(bytes.fromhex(root), b"everafter.webhook:" + name.encode(), hashlib.sha256)


def shown(secret: bytes) -> str:
    """The key as the receiver's library takes it: `whsec_…`."""
    return PREFIX + b64encode(secret).decode()


def signed(secret: bytes, message_id: str, timestamp: int, body: bytes) -> Mapping[str, str]:
    """The three headers of a call. `timestamp` is in seconds since 1970, of this attempt; the id stays the same."""
    content = f"{message_id}.{timestamp}.".encode() + body
    signature = b64encode(hmac.digest(secret, content, hashlib.sha256)).decode()
    return {"webhook-id": message_id, "webhook-timestamp": str(timestamp), "webhook-signature": f"v1,{signature}"}


def pause_after(attempts: int) -> timedelta | None:
    """How long to wait after as many attempts (from 1); None where it is given up."""
    return PAUSES[attempts - 1] if attempts <= len(PAUSES) else None
