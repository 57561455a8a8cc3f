"""Pacing: cleared mail that waits for its mailbox group, in a queue of its own.

Revision ID: 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision: str | None = "0003"
branch_labels = None
depends_on = None

PACED = sa.text("state = 'cleared' AND pace_group IS NOT NULL")


def upgrade() -> None:
    op.add_column("delivery", sa.Column("pace_group", sa.Text(), nullable=True))
    op.drop_index("ix_delivery_cleared", table_name="delivery")
    op.create_index(
        "ix_delivery_cleared",
        "delivery",
        ["priority", "id"],
        postgresql_where=sa.text("state = 'cleared' AND pace_group IS NULL"),
    )
    op.create_index("ix_delivery_paced", "delivery", ["pace_group", "priority", "id"], postgresql_where=PACED)
    op.create_index("ix_delivery_paced_ends", "delivery", ["expires_at"], postgresql_where=PACED)


def downgrade() -> None:
    for name in ("ix_delivery_paced_ends", "ix_delivery_paced", "ix_delivery_cleared"):
        op.drop_index(name, table_name="delivery")
    op.create_index(
        "ix_delivery_cleared", "delivery", ["priority", "id"], postgresql_where=sa.text("state = 'cleared'")
    )
    op.drop_column("delivery", "pace_group")
