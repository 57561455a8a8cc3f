"""Every planned touch: one row, unique by enrolment and step, with its state and the reason for it."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from service.store.tables import Id, Instant, Stamp, Table


class State(StrEnum):
    """planned → due → cleared → handed → sent, or open → done; the others say why not. See docs/architecture.md."""

    PLANNED = "planned"
    DUE = "due"
    HELD = "held"
    CLEARED = "cleared"
    HANDED = "handed"
    SENT = "sent"
    FAILED = "failed"
    UNCERTAIN = "uncertain"
    SKIPPED = "skipped"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    OPEN = "open"  # a task that somebody has to do
    DONE = "done"  # a task that was done, an action carried out


# What counts towards caps: from the moment a mail may no longer be taken back, until it is proven not to be taken.
COUNTED = (State.CLEARED, State.HANDED, State.SENT, State.UNCERTAIN)

UNSENT = "state IN ('failed', 'skipped', 'expired', 'cancelled')"  # what ended without leaving
# A mail server's name for a mail is asked for by nobody, and costs nothing here.
NAMED = "provider_id IS NOT NULL AND provider NOT IN ('smtp', 'mailbox')"
UNPACED = "state = 'cleared' AND pace_group IS NULL"
PACED = "state = 'cleared' AND pace_group IS NOT NULL"


class Delivery(Table):
    """A touch. Times are journey time but for `lease_until`, `retry_at` and `handed_machine_at`: the database's own.

    `occasion` is 0 for the touch itself. A transactional first mail that was asked for again, and a mail about a task
    to whoever has to do it (`staff_to`), count from 1. The Message-ID (and in it the
    idempotency key) is fixed when the row is made. `token` names the worker that may record the outcome.
    """

    __tablename__ = "delivery"
    __table_args__ = (
        # Each of these makes every change of a row dearer; behind each stands who asks by it. `lease_until` and `token`
        # stand in none, so that a lease is taken and renewed within its page (see migration 0006).
        UniqueConstraint("enrolment_id", "step", "occasion"),  # one touch a step; an enrolment's touches: advance, plan
        CheckConstraint("state IN (" + ", ".join(f"'{state.value}'" for state in State) + ")", name="state"),
        Index("ix_delivery_contact", "contact_id", "id"),  # a person's touches: arbitrate, caps, timeline
        Index("ix_delivery_waiting", "wake_at", postgresql_where=text("state IN ('due', 'held')")),  # arbitrate
        Index("ix_delivery_cleared", "priority", "id", postgresql_where=text(UNPACED)),  # take
        Index("ix_delivery_paced", "pace_group", "priority", "id", postgresql_where=text(PACED)),  # queues of pacing
        Index("ix_delivery_paced_ends", "expires_at", postgresql_where=text(PACED)),  # what expires in one
        Index("ix_delivery_handed", "id", postgresql_where=text("state = 'handed'")),  # reap
        Index("ix_delivery_uncertain", "id", postgresql_where=text("state = 'uncertain'")),  # the operator's list
        Index("ix_delivery_handed_at", "handed_at", postgresql_using="brin"),  # the breaker
        Index("ix_delivery_provider_id", "provider_id", postgresql_where=text(NAMED)),  # what a webhook is about
        Index("ix_delivery_unsent", "state", "id", postgresql_where=text(UNSENT)),  # the API's lists by state
    )

    id: Mapped[Id]
    enrolment_id: Mapped[int] = mapped_column(ForeignKey("enrolment.id", ondelete="CASCADE"))
    contact_id: Mapped[int]  # the enrolment's own, so that it is not looked for a second time
    step: Mapped[str]
    occasion: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    priority: Mapped[int] = mapped_column(SmallInteger)
    staff_to: Mapped[str | None]  # the address of a colleague: this mail is not for the contact
    state: Mapped[str]
    rule: Mapped[str | None]  # the rule that put it into this state
    reason: Mapped[str | None]  # the same in one sentence
    due_at: Mapped[Instant]
    wake_at: Mapped[Instant | None]  # due or held: when arbitration looks at it next
    expires_at: Mapped[Instant | None]
    attempts: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    message_id: Mapped[str]
    publication_id: Mapped[int | None]  # none is ever deleted, so none is looked for
    pace_group: Mapped[str | None]  # cleared, and waiting until its mailbox group may get more
    retry_at: Mapped[Instant | None]  # cleared again after proof that it was not taken: not before
    lease_until: Mapped[Instant | None]
    token: Mapped[str | None]
    handed_at: Mapped[Instant | None]
    handed_machine_at: Mapped[Instant | None]
    sent_at: Mapped[Instant | None]
    provider: Mapped[str | None]
    provider_id: Mapped[str | None]
    known_as: Mapped[str | None]  # the Message-ID that it left with, where the provider put another in place of ours
    created_at: Mapped[Stamp]
