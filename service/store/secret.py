"""Keys that an installation makes once and keeps in its database, and the check that all hosts sign alike."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from secrets import token_hex

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from service.store.access import Secret

SIGNING = "signing"
SUPPRESSION = "suppression"
FINGERPRINT = "fingerprint"
WEBHOOKS = "webhooks"  # what calls to other services are signed with; each has a key of its own derived from it


class KeysDiffer(Exception):  # noqa: N818 (what it says)
    """This host would sign links that the others can't read, so it refuses to start."""


def signing_keys(session: Session, given: Sequence[str]) -> tuple[str, ...]:
    """The keys to sign with, newest first: those given by SECRET_KEYS, else one made once and kept. The caller commits.

    Raises KeysDiffer where the keys given do not hold the one in use; a newer key in front of it rotates.
    """
    keys = tuple(given) or (made_once(session, SIGNING),)
    in_use = session.get(Secret, FINGERPRINT, with_for_update=True)
    prints = [fingerprint(key) for key in keys]
    if in_use is None:
        session.execute(insert(Secret).values(name=FINGERPRINT, value=prints[0]).on_conflict_do_nothing())
        in_use = session.get_one(Secret, FINGERPRINT)
    if in_use.value not in prints:
        raise KeysDiffer(
            "SECRET_KEYS of this host do not hold the key that the others sign with. Set the same SECRET_KEYS "
            "everywhere; to rotate, put the new key in front and keep the old one behind it."
        )
    in_use.value = prints[0]
    return keys


def suppression_key(session: Session) -> bytes:
    """The key of the suppression hashes: made once, never rotated, part of every backup. The caller commits."""
    return bytes.fromhex(made_once(session, SUPPRESSION))


def made_once(session: Session, name: str) -> str:
    """A secret of 256 random bits, the same for whoever asks first and after."""
    session.execute(insert(Secret).values(name=name, value=token_hex(32)).on_conflict_do_nothing())
    return session.scalars(select(Secret.value).where(Secret.name == name)).one()


def fingerprint(key: str) -> str:
    """What may be shown of a key."""
    return hashlib.sha256(b"everafter fingerprint:" + key.encode()).hexdigest()[:16]
