"""People. An address is kept as it was given and found by its canonical form."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import Double, ForeignKey, Index, LargeBinary, SmallInteger, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from service.store.bulk import among
from service.store.tables import Id, Instant, Json, Stamp, Table

# The mailbox behind an address: the same as `service.domain.referral_doubt.canonical`.
_UNTAGGED = r"regexp_replace(email_key, '(.)[+].*@', '\1@')"
# Its lines are broken as the database breaks them, by which migrations know it again.
MAILBOX = f"""
CASE
    WHEN email_key ~ '@(gmail|googlemail)[.]com$' THEN replace(split_part({_UNTAGGED}, '@', 1), '.', '') || '@gmail.com'
    ELSE {_UNTAGGED}
END"""
BY_KEY = text("SELECT email_key, id FROM contact WHERE email_key = ANY(CAST(:keys AS text[]))")
CHANNELS = text("""
    SELECT channel FROM (
        SELECT DISTINCT ON (channel) channel, act FROM consent
        WHERE contact_id = :id AND channel <> 'email' AND act IN ('confirmed', 'withdrawn') ORDER BY channel, id DESC
    ) AS newest WHERE act = 'confirmed'
""")


class Contact(Table):
    """A person. `address_hash` is the keyed hash under which suppressions are kept, which outlives the person."""

    __tablename__ = "contact"
    __table_args__ = (
        Index("ix_contact_address_hash", "address_hash"),
        Index("ix_contact_stage", "stage", "id"),
        Index("ix_contact_tags", "tags", postgresql_using="gin"),
        # Clients alone: nothing is written of it for somebody who signs up.
        Index("ix_contact_mailbox", text(f"({MAILBOX})"), postgresql_where=text("client_since IS NOT NULL")),
        Index("ix_contact_sunset", "sunset_at", postgresql_where=text("sunset_at IS NOT NULL")),
    )

    id: Mapped[Id]
    email: Mapped[str]
    email_key: Mapped[str] = mapped_column(unique=True)
    address_hash: Mapped[bytes] = mapped_column(LargeBinary())
    first_name: Mapped[str | None]
    last_name: Mapped[str | None]
    phone: Mapped[str | None]
    address: Mapped[str | None]
    company: Mapped[str | None]
    language: Mapped[str | None]
    timezone: Mapped[str | None]
    birthday: Mapped[str | None]
    stage: Mapped[str] = mapped_column(server_default="lead")
    client_since: Mapped[Instant | None]
    dealt_at: Mapped[Instant | None]  # their last visit or purchase: for how long one may write to a client
    source: Mapped[str | None]
    tags: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    fields: Mapped[Json] = mapped_column(server_default=text("'{}'"))
    referral_code: Mapped[str | None] = mapped_column(unique=True)
    caught_up_at: Mapped[Instant | None]  # when an overdue touch was last let through: one a day, so nothing bursts
    # What is remembered of how much mail weighs on them: `service.store.pressure` folds it from what happened.
    pressure: Mapped[float] = mapped_column(Double(), server_default=text("0"))
    pressure_at: Mapped[Instant | None]
    less_often: Mapped[bool] = mapped_column(server_default=text("false"))  # their own wish, from the preferences
    paused_until: Mapped[Instant | None]  # their own wish as well: no marketing before
    unengaged_mails: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))  # in a row
    unengaged_since: Mapped[Instant | None]  # the first of them
    engaged_at: Mapped[Instant | None]  # the last that a person, never a machine, did about our mail
    sunset_at: Mapped[Instant | None]  # when the event `unengaged` was told, until they answer or are left in peace
    hides_opens: Mapped[bool] = mapped_column(server_default=text("false"))
    created_at: Mapped[Instant]
    updated_at: Mapped[Instant]


class Consent(Table):
    """What a person agreed to or took back, with its evidence. Only ever appended to: the database refuses all else.

    A `channel` other than mail is agreed to by a row without a topic. A legal basis that ends (somebody inquired) says
    when in `expires_at`.
    """

    __tablename__ = "consent"

    id: Mapped[Id]
    contact_id: Mapped[int] = mapped_column(ForeignKey("contact.id", ondelete="CASCADE"), index=True)
    topic: Mapped[str | None]  # None: all marketing
    act: Mapped[str]  # requested, confirmed, withdrawn
    basis: Mapped[str]  # consent, inquiry
    channel: Mapped[str] = mapped_column(server_default="email")  # email, phone, text
    at: Mapped[Instant]
    recorded_at: Mapped[Stamp]
    expires_at: Mapped[Instant | None]
    source: Mapped[str]  # form:SLUG, one-click, page, api, import
    form: Mapped[str | None]  # its slug
    address: Mapped[str | None]  # the network address
    user_agent: Mapped[str | None]
    page: Mapped[str | None]
    wording: Mapped[str | None]
    version: Mapped[str | None]  # of the wording: `service.domain.consent.version_of`


class Suppression(Table):
    """Whom not to write to, and why, kept as a keyed hash so that it survives erasure. `topic` None means all mail."""

    __tablename__ = "suppression"
    __table_args__ = (
        Index(
            "uq_suppression_address_hash_topic_reason",
            "address_hash",
            "topic",
            "reason",
            unique=True,
            postgresql_nulls_not_distinct=True,
        ),
        Index("ix_suppression_complained", "at", postgresql_where=text("reason = 'complained'")),
    )

    id: Mapped[Id]
    address_hash: Mapped[bytes] = mapped_column(LargeBinary())
    topic: Mapped[str | None]
    reason: Mapped[str]  # unsubscribed, complained, bounced, unengaged, manual
    source: Mapped[str]
    at: Mapped[Instant]
    recorded_at: Mapped[Stamp]
    expires_at: Mapped[Instant | None]


def read_channels(session: Session, contact_id: int) -> tuple[str, ...]:
    """The ways other than mail by which somebody agreed to be reached, and which they have not taken back since."""
    return tuple(session.scalars(CHANNELS, {"id": contact_id}))


def find_by_key(session: Session, keys: Collection[str]) -> dict[str, int]:
    """The ids of contacts by the canonical forms of their addresses."""
    return dict(session.connection().execute(BY_KEY, {"keys": list(keys)}).all())


def lock_contacts(session: Session, ids: Sequence[int], *, wait: bool = True) -> list[int]:
    """Lock contacts in ascending order, the first lock of every writer; the ids that were locked.

    `FOR NO KEY UPDATE`, because `FOR SHARE` lets two workers pass one cap. Without `wait`, contacts that another
    worker holds are left out.
    """
    query = select(Contact.id).where(among(Contact.id, ids)).order_by(Contact.id)
    return list(session.scalars(query.with_for_update(key_share=True, skip_locked=not wait)))
