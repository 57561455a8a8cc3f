"""Who asks: the bearer key of a request, and whether it may do what it asks for."""

from __future__ import annotations

import hmac
import time
from dataclasses import dataclass

from flask import current_app, g, request

from service.domain.access import KEY, Scope, key_digest
from service.store.access import find_key
from service.web.api.refusal import refuse
from service.web.current import current_runtime

REMEMBERED = 5.0  # seconds for which a process may not yet know that a key was revoked
MEMORY = "everafter.api.keys"
REALM = 'Bearer realm="Everafter"'


@dataclass(frozen=True, slots=True)
class Key:
    """The key of this request. `name` stands in the reasons of what it did."""

    id: int
    name: str
    scopes: frozenset[str]


@dataclass(frozen=True, slots=True)
class Remembered:
    digest: bytes
    key: Key
    until: float  # time.monotonic()


def authorize(scope: Scope | None) -> None:
    """Let the request pass where its key has the scope, else refuse it. Without a scope nobody passes."""
    key = _read_key()
    if scope is None or scope not in key.scopes:
        challenge = f'{REALM}, error="insufficient_scope", scope="{scope or ""}"'
        sentence = f"The key “{key.name}” lacks the scope {scope or 'for this'}; make another one with it."
        refuse("scope", sentence, headers={"WWW-Authenticate": challenge})
    g.api_key = key


def current_key() -> Key:
    """The key of this request, which was let pass."""
    key = g.api_key
    assert isinstance(key, Key)
    return key


def _read_key() -> Key:
    kind, _, secret = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer":
        words = "Send a key: `Authorization: Bearer ea_…`; `everafter key create NAME` makes one."
        refuse("no-key", words, headers={"WWW-Authenticate": REALM})
    key = _look_up(secret.strip()) if KEY.fullmatch(secret.strip()) else None
    if key is None:
        challenge = f'{REALM}, error="invalid_token"'
        refuse("unknown-key", "There is no such key, or it was revoked.", headers={"WWW-Authenticate": challenge})
    return key


def _look_up(secret: str) -> Key | None:
    """By its hash, which says nothing about the key however long the search takes. Only found keys are remembered."""
    memory: dict[bytes, Remembered] = current_app.extensions.setdefault(MEMORY, {})
    digest = key_digest(secret)
    known = memory.get(digest)
    if known is not None and time.monotonic() < known.until:
        return known.key
    with current_runtime().session() as session:
        row = find_key(session, digest)
    if row is None or not hmac.compare_digest(row.digest, digest):
        memory.pop(digest, None)
        return None
    key = Key(row.id, row.name, frozenset(row.scopes))
    memory[digest] = Remembered(digest, key, time.monotonic() + REMEMBERED)
    return key
