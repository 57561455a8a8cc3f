"""Keys: those that programs show us, and those that we sign with."""

from __future__ import annotations

from sqlalchemy import ForeignKey, LargeBinary, SmallInteger, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from service.store.tables import Id, Instant, Json, Stamp, Table


class ApiKey(Table):
    """A program's key: only its SHA-256 is kept (the secret itself has 256 random bits, so no salt is needed)."""

    __tablename__ = "api_key"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(unique=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary(), unique=True)
    scopes: Mapped[list[str]]
    created_at: Mapped[Stamp]
    revoked_at: Mapped[Instant | None]


class IdempotentReply(Table):
    """The first answer to an `Idempotency-Key`, given again to its repetition. It goes with whom it is about."""

    __tablename__ = "idempotent_reply"
    __table_args__ = (UniqueConstraint("api_key_id", "key"),)

    id: Mapped[Id]
    api_key_id: Mapped[int] = mapped_column(ForeignKey("api_key.id", ondelete="CASCADE"))
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contact.id", ondelete="CASCADE"), index=True)
    key: Mapped[str]
    request_digest: Mapped[bytes] = mapped_column(LargeBinary())
    status: Mapped[int] = mapped_column(SmallInteger)
    body: Mapped[Json]
    created_at: Mapped[Stamp] = mapped_column(index=True)


class Secret(Table):
    """Keys made by this installation (`signing`, `suppression`), and the fingerprint of those in use."""

    __tablename__ = "secret"

    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str]
    created_at: Mapped[Stamp]


def find_key(session: Session, digest: bytes) -> ApiKey | None:
    """The key with this SHA-256, unless it was revoked."""
    return session.scalar(select(ApiKey).where(ApiKey.digest == digest, ApiKey.revoked_at.is_(None)))
