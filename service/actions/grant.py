"""Give a program access, and take it back."""

from __future__ import annotations

from collections.abc import Collection
from secrets import token_urlsafe

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from service.domain.access import PREFIX, Scope, key_digest
from service.store.access import ApiKey

RANDOM = 32  # bytes


class NameTaken(Exception):  # noqa: N818 (what it says)
    """A key has, or had, this name. Names stand in the reasons of what a key did, so none is given twice."""


def grant(session: Session, name: str, scopes: Collection[Scope]) -> str:
    """A new key, which is nowhere else: only its hash is kept. The caller commits. Raises NameTaken."""
    key = PREFIX + token_urlsafe(RANDOM)
    values = {"name": name, "digest": key_digest(key), "scopes": sorted(scopes)}
    made = insert(ApiKey).values(values).on_conflict_do_nothing(index_elements=["name"]).returning(ApiKey.id)
    if session.scalar(made) is None:
        raise NameTaken(name)
    return key


def revoke(session: Session, name: str) -> bool:
    """Take a key back; whether there is one of this name. The caller commits. Repeating is harmless."""
    known = session.scalar(select(ApiKey.id).where(ApiKey.name == name))
    if known is None:
        return False
    session.execute(
        update(ApiKey).where(ApiKey.id == known, ApiKey.revoked_at.is_(None)).values(revoked_at=func.clock_timestamp())
    )
    return True
