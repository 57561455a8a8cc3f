"""The ledger of rewards: an entry for each side of a referral, its history, and the codes that were brought in.

A referral outlives the friend who asks to be forgotten: the keyed hash of the address alone is kept, so that nobody
is brought twice.

Revision ID: 0016
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision: str | None = "0015"
branch_labels = None
depends_on = None

FRIEND = "fk_referral_friend_id"
STATES = ("invited", "signed-up", "qualified", "approved", "refused", "granted", "redeemed", "expired")
# Whether two addresses are one mailbox; the same as `service.domain.referral_doubt.canonical`.
UNTAGGED = r"regexp_replace(email_key, '(.)[+].*@', '\1@')"
CANONICAL = (
    "CASE WHEN (email_key ~ '@(gmail|googlemail)[.]com$') "
    f"THEN (replace(split_part({UNTAGGED}, '@', 1), '.', '') || '@gmail.com') ELSE {UNTAGGED} END"
)


def upgrade() -> None:
    op.add_column("referral", sa.Column("friend_hash", sa.LargeBinary()))
    op.add_column("referral", sa.Column("invited_at", sa.DateTime(timezone=True)))
    op.add_column("referral", sa.Column("wake_at", sa.DateTime(timezone=True)))
    op.execute(
        "UPDATE referral SET friend_hash = contact.address_hash FROM contact WHERE contact.id = referral.friend_id"
    )
    op.alter_column("referral", "friend_id", nullable=True)
    op.alter_column("referral", "joined_at", nullable=True)
    op.drop_constraint(FRIEND, "referral")
    op.create_foreign_key(FRIEND, "referral", "contact", ["friend_id"], ["id"], ondelete="SET NULL")
    op.create_index("ix_referral_friend_hash", "referral", ["friend_hash"], unique=True)
    op.create_index("ix_referral_joined_at", "referral", ["joined_at"])
    op.create_index("ix_referral_wake", "referral", ["wake_at"], postgresql_where=sa.text("wake_at IS NOT NULL"))
    op.execute(f"CREATE INDEX ix_contact_mailbox ON contact (({CANONICAL})) WHERE client_since IS NOT NULL")
    _make_ledger()
    op.create_table(
        "coupon_code",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("pool", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True)),
        sa.Column("created_at", _stamp(), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_coupon_code"),
        sa.UniqueConstraint("pool", "code", name="uq_coupon_code_pool_code"),
    )
    op.create_index("ix_coupon_code_free", "coupon_code", ["pool", "id"], postgresql_where=sa.text("given_at IS NULL"))


def _make_ledger() -> None:
    op.create_table(
        "reward",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("referral_id", sa.BigInteger(), nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("contact_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("since", _stamp(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("cleared", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("asks", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("kind", sa.Text()),
        sa.Column("what", sa.Text()),
        sa.Column("code", sa.Text()),
        sa.Column("expires_at", _stamp()),
        sa.Column("granted_at", _stamp()),
        sa.Column("redeemed_at", _stamp()),
        sa.Column("created_at", _stamp(), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.CheckConstraint("side IN ('friend', 'referrer')", name="ck_reward_side"),
        sa.CheckConstraint("state IN (" + ", ".join(f"'{each}'" for each in STATES) + ")", name="ck_reward_state"),
        sa.ForeignKeyConstraint(["referral_id"], ["referral.id"], name="fk_reward_referral_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name="fk_reward_contact_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_reward"),
        sa.UniqueConstraint("referral_id", "side", name="uq_reward_referral_id_side"),
    )
    op.create_index("ix_reward_contact", "reward", ["contact_id", "side", "since"])
    op.create_index("ix_reward_asks", "reward", ["referral_id"], postgresql_where=sa.text("asks"))
    op.create_index("ix_reward_code", "reward", ["code"], unique=True, postgresql_where=sa.text("code IS NOT NULL"))
    op.create_table(
        "reward_record",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("reward_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("at", _stamp(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_at", _stamp(), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.ForeignKeyConstraint(["reward_id"], ["reward.id"], name="fk_reward_record_reward_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_reward_record"),
    )
    op.create_index("ix_reward_record_reward", "reward_record", ["reward_id", "id"])
    # Whatever goes wrong above it: nothing is given twice.
    op.create_index(
        "ix_reward_record_granted",
        "reward_record",
        ["reward_id"],
        unique=True,
        postgresql_where=sa.text("state = 'granted'"),
    )


def _stamp() -> sa.DateTime:
    return sa.DateTime(timezone=True)


def downgrade() -> None:
    for table in ("reward_record", "reward", "coupon_code"):
        op.drop_table(table)
    op.execute("DROP INDEX ix_contact_mailbox")
    for name in ("ix_referral_wake", "ix_referral_joined_at", "ix_referral_friend_hash"):
        op.drop_index(name)
    op.execute("DELETE FROM referral WHERE friend_id IS NULL OR joined_at IS NULL")
    op.drop_constraint(FRIEND, "referral")
    op.create_foreign_key(FRIEND, "referral", "contact", ["friend_id"], ["id"], ondelete="CASCADE")
    op.alter_column("referral", "joined_at", nullable=False)
    op.alter_column("referral", "friend_id", nullable=False)
    for column in ("wake_at", "invited_at", "friend_hash"):
        op.drop_column("referral", column)
