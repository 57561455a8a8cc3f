"""What happened: events of the business, and hits (opens and clicks) with the class each was given."""

from __future__ import annotations

from decimal import Decimal

from sqlalchemy import ForeignKey, Index, Numeric, PrimaryKeyConstraint, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from service.store.tables import Id, Instant, Json, Stamp, Table


class Event(Table):
    """What the booking system, shop or CRM saw. The same name and key twice count once.

    The same name about the same thing again is a correction: the older row is `replaced` and counts no longer.
    """

    __tablename__ = "event"
    __table_args__ = (
        Index("uq_event_name_key", "name", "key", unique=True, postgresql_where=text("key IS NOT NULL")),
        Index("ix_event_contact", "contact_id", "name", "at"),
        Index("ix_event_about", "contact_id", "about", postgresql_where=text("about IS NOT NULL AND NOT replaced")),
    )

    id: Mapped[Id]
    contact_id: Mapped[int] = mapped_column(ForeignKey("contact.id", ondelete="CASCADE"))
    name: Mapped[str]
    at: Mapped[Instant]
    key: Mapped[str | None]
    about: Mapped[str | None]
    data: Mapped[Json] = mapped_column(server_default=text("'{}'"))
    value: Mapped[Decimal | None] = mapped_column(Numeric())
    currency: Mapped[str | None]
    replaced: Mapped[bool] = mapped_column(server_default=text("false"))
    received_at: Mapped[Stamp]


def event_key(event_id: int) -> str:
    """What tells an event from all others of its name that came without a key of its own."""
    return f"event:{event_id}"


class Hit(Table):
    """An open or a click, raw and classified; nothing refers to it, and it is kept a month to a part.

    `nonce` is the hit's own name, given when it was gathered together with its time, so that a repeated hand-over
    counts once. Only a click is ever changed, once: its rule is `waiting` for the few seconds in which others may show
    it to be a scanner's.
    """

    __tablename__ = "hit"
    __table_args__ = (
        PrimaryKeyConstraint("nonce", "at"),
        Index("ix_hit_delivery", "delivery_id"),
        Index("ix_hit_waiting", "at", postgresql_where=text("rule = 'waiting'")),
        {"postgresql_partition_by": "RANGE (at)"},
    )

    at: Mapped[Instant]  # machine time
    journey_at: Mapped[Instant]
    delivery_id: Mapped[int]
    kind: Mapped[str]  # open, click
    link_id: Mapped[int | None]
    verdict: Mapped[str]  # human, proxy, prefetch, scanner, unknown
    rule: Mapped[str]
    ruleset: Mapped[int] = mapped_column(SmallInteger)
    user_agent: Mapped[str | None]
    nonce: Mapped[str]
