"""The language, whole: dates and rhythms, tasks, webhook calls, referrals, and what a publication still has to do.

Revision ID: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision: str | None = "0001"
branch_labels = None
depends_on = None

STATES = (
    "planned",
    "due",
    "held",
    "cleared",
    "handed",
    "sent",
    "failed",
    "uncertain",
    "skipped",
    "expired",
    "cancelled",
)
UNDER_WAY = "state IN ('active', 'awaited') AND wake_at IS NOT NULL"


def _allow_states(*states: str) -> None:
    op.drop_constraint(op.f("ck_delivery_state"), "delivery")
    words = ", ".join(f"'{state}'" for state in states)
    op.create_check_constraint(op.f("ck_delivery_state"), "delivery", f"state IN ({words})")


def _wake_where(condition: str) -> None:
    op.drop_index("ix_enrolment_wake", table_name="enrolment")
    op.create_index("ix_enrolment_wake", "enrolment", ["wake_at"], postgresql_where=sa.text(condition))


def upgrade() -> None:
    op.create_table(
        "referral",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("referrer_id", sa.BigInteger(), nullable=False),
        sa.Column("friend_id", sa.BigInteger(), nullable=False),
        sa.Column("joined_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("qualified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rewarded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.ForeignKeyConstraint(["friend_id"], ["contact.id"], name=op.f("fk_referral_friend_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["referrer_id"], ["contact.id"], name=op.f("fk_referral_referrer_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_referral")),
        sa.UniqueConstraint("friend_id", name=op.f("uq_referral_friend_id")),
    )
    op.create_index(op.f("ix_referral_referrer_id"), "referral", ["referrer_id"], unique=False)
    op.create_table(
        "rollout",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("publication_id", sa.BigInteger(), nullable=False),
        sa.Column("sequence", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("cursor", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("ends", sa.BigInteger(), nullable=True),
        sa.Column("per_day", sa.BigInteger(), nullable=True),
        sa.Column("day_began_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("entered_today", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("wake_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("skipped", postgresql.ARRAY(sa.BigInteger()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.ForeignKeyConstraint(["publication_id"], ["publication.id"], name=op.f("fk_rollout_publication_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rollout")),
    )
    op.create_table(
        "webhook_call",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("contact_id", sa.BigInteger(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("state", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("attempts", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.CheckConstraint("state IN ('waiting', 'taken', 'given-up')", name=op.f("ck_webhook_call_state")),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contact.id"], name=op.f("fk_webhook_call_contact_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_call")),
        sa.UniqueConstraint("message_id", name=op.f("uq_webhook_call_message_id")),
    )
    op.create_index(op.f("ix_webhook_call_contact_id"), "webhook_call", ["contact_id"], unique=False)
    op.create_index(
        "ix_webhook_call_waiting",
        "webhook_call",
        ["next_at"],
        unique=False,
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_table(
        "task",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("delivery_id", sa.BigInteger(), nullable=True),
        sa.Column("enrolment_id", sa.BigInteger(), nullable=False),
        sa.Column("contact_id", sa.BigInteger(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("assignee", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("asked", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("cost", sa.Numeric(), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reminded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("snoozed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("wake_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.CheckConstraint("state IN ('open', 'done', 'skipped', 'expired', 'cancelled')", name=op.f("ck_task_state")),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name=op.f("fk_task_contact_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["delivery_id"], ["delivery.id"], name=op.f("fk_task_delivery_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["enrolment_id"], ["enrolment.id"], name=op.f("fk_task_enrolment_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task")),
        sa.UniqueConstraint("delivery_id", name=op.f("uq_task_delivery_id")),
    )
    op.create_index("ix_task_contact", "task", ["contact_id", "id"], unique=False)
    op.create_index(op.f("ix_task_enrolment_id"), "task", ["enrolment_id"], unique=False)
    op.create_index(
        "ix_task_open", "task", ["assignee", "due_at"], unique=False, postgresql_where=sa.text("state = 'open'")
    )
    op.create_index("ix_task_wake", "task", ["wake_at"], unique=False, postgresql_where=sa.text("state = 'open'"))
    op.add_column("contact", sa.Column("referral_code", sa.Text(), nullable=True))
    op.add_column("contact", sa.Column("caught_up_at", sa.DateTime(timezone=True), nullable=True))
    op.create_unique_constraint(op.f("uq_contact_referral_code"), "contact", ["referral_code"])
    op.add_column("delivery", sa.Column("staff_to", sa.Text(), nullable=True))
    op.add_column("enrolment", sa.Column("began_by", sa.Text(), nullable=True))
    op.add_column("enrolment", sa.Column("about", sa.Text(), nullable=True))
    op.add_column("enrolment", sa.Column("converted_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("enrolment", sa.Column("paused_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("enrolment", sa.Column("replanned_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("enrolment", sa.Column("passed_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("enrolment", sa.Column("date_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("enrolment", sa.Column("date_is_day", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.create_index(
        "ix_enrolment_about",
        "enrolment",
        ["contact_id", "about"],
        unique=False,
        postgresql_where=sa.text("about IS NOT NULL"),
    )
    op.add_column("event", sa.Column("replaced", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.create_index(
        "ix_event_about",
        "event",
        ["contact_id", "about"],
        unique=False,
        postgresql_where=sa.text("about IS NOT NULL AND NOT replaced"),
    )
    _allow_states(*STATES, "open", "done")
    _wake_where(UNDER_WAY)


def downgrade() -> None:
    op.execute("DELETE FROM delivery WHERE state IN ('open', 'done')")
    op.execute("DELETE FROM enrolment WHERE state = 'awaited'")
    _wake_where("state = 'active' AND wake_at IS NOT NULL")
    _allow_states(*STATES)
    op.drop_index("ix_event_about", table_name="event", postgresql_where=sa.text("about IS NOT NULL AND NOT replaced"))
    op.drop_column("event", "replaced")
    op.drop_index("ix_enrolment_about", table_name="enrolment", postgresql_where=sa.text("about IS NOT NULL"))
    op.drop_column("enrolment", "date_is_day")
    op.drop_column("enrolment", "date_at")
    op.drop_column("enrolment", "passed_at")
    op.drop_column("enrolment", "replanned_at")
    op.drop_column("enrolment", "paused_at")
    op.drop_column("enrolment", "converted_at")
    op.drop_column("enrolment", "about")
    op.drop_column("enrolment", "began_by")
    op.drop_column("delivery", "staff_to")
    op.drop_constraint(op.f("uq_contact_referral_code"), "contact", type_="unique")
    op.drop_column("contact", "caught_up_at")
    op.drop_column("contact", "referral_code")
    op.drop_index("ix_task_wake", table_name="task", postgresql_where=sa.text("state = 'open'"))
    op.drop_index("ix_task_open", table_name="task", postgresql_where=sa.text("state = 'open'"))
    op.drop_index(op.f("ix_task_enrolment_id"), table_name="task")
    op.drop_index("ix_task_contact", table_name="task")
    op.drop_table("task")
    op.drop_index("ix_webhook_call_waiting", table_name="webhook_call", postgresql_where=sa.text("state = 'waiting'"))
    op.drop_index(op.f("ix_webhook_call_contact_id"), table_name="webhook_call")
    op.drop_table("webhook_call")
    op.drop_table("rollout")
    op.drop_index(op.f("ix_referral_referrer_id"), table_name="referral")
    op.drop_table("referral")
