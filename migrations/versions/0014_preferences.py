"""A pause that somebody asked for; what a leaving took away, as long as it can be taken back; why people left.

Revision ID: 0014
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "0014"
down_revision: str | None = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("contact", sa.Column("paused_until", sa.DateTime(timezone=True)))
    op.create_table(
        "leaving",
        sa.Column("consent_id", sa.BigInteger(), nullable=False),
        sa.Column("contact_id", sa.BigInteger(), nullable=False),
        sa.Column("topic", sa.Text()),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("agreed", ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("ended", JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("cancelled", JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("event_id", sa.BigInteger()),
        sa.Column("undone_at", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(["consent_id"], ["consent.id"], name="fk_leaving_consent_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name="fk_leaving_contact_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("consent_id", name="pk_leaving"),
    )
    op.create_index("ix_leaving_contact_id", "leaving", ["contact_id"])
    op.create_index("ix_leaving_at", "leaving", ["at"])
    op.create_table(
        "leaving_tally",
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("reason", name="pk_leaving_tally"),
    )


def downgrade() -> None:
    op.drop_table("leaving_tally")
    op.drop_table("leaving")
    op.drop_column("contact", "paused_until")
