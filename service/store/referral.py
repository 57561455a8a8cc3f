"""Who brought whom."""

from __future__ import annotations

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from service.store.tables import Id, Instant, Stamp, Table


class Referral(Table):
    """A friend who came by a client's link. A person is referred once, by whoever came first."""

    __tablename__ = "referral"

    id: Mapped[Id]
    referrer_id: Mapped[int] = mapped_column(ForeignKey("contact.id", ondelete="CASCADE"), index=True)
    friend_id: Mapped[int] = mapped_column(ForeignKey("contact.id", ondelete="CASCADE"), unique=True)
    joined_at: Mapped[Instant]
    qualified_at: Mapped[Instant | None]  # the friend's first visit or purchase
    rewarded_at: Mapped[Instant | None]
    created_at: Mapped[Stamp]
