"""The pace: what a person's row remembers of the mail that weighs on them, and every decision about a mail.

Revision ID: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision: str | None = "0002"
branch_labels = None
depends_on = None

INSTANTS = ("pressure_at", "rest_until", "unengaged_since", "engaged_at", "sunset_at")
FLAGS = ("less_often", "hides_opens")


def upgrade() -> None:
    op.add_column("contact", sa.Column("pressure", sa.Double(), server_default=sa.text("0"), nullable=False))
    op.add_column(
        "contact", sa.Column("unengaged_mails", sa.SmallInteger(), server_default=sa.text("0"), nullable=False)
    )
    for name in INSTANTS:
        op.add_column("contact", sa.Column(name, sa.DateTime(timezone=True), nullable=True))
    for name in FLAGS:
        op.add_column("contact", sa.Column(name, sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.create_index("ix_contact_sunset", "contact", ["sunset_at"], postgresql_where=sa.text("sunset_at IS NOT NULL"))
    op.create_index(
        "ix_suppression_complained", "suppression", ["at"], postgresql_where=sa.text("reason = 'complained'")
    )
    op.create_index("ix_delivery_handed_at", "delivery", ["handed_at"], postgresql_using="brin")
    op.create_table(
        "decision",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("contact_id", sa.BigInteger(), nullable=False),
        sa.Column("delivery_id", sa.BigInteger(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("inputs", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sentence", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contact.id"], name=op.f("fk_decision_contact_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decision")),
    )
    op.create_index("ix_decision_contact", "decision", ["contact_id", "delivery_id", "id"])
    op.create_index("ix_decision_at", "decision", ["at"], postgresql_using="brin")


def downgrade() -> None:
    op.drop_table("decision")
    op.drop_index("ix_delivery_handed_at", table_name="delivery", postgresql_using="brin")
    op.drop_index(
        "ix_suppression_complained", table_name="suppression", postgresql_where=sa.text("reason = 'complained'")
    )
    op.drop_index("ix_contact_sunset", table_name="contact", postgresql_where=sa.text("sunset_at IS NOT NULL"))
    for name in (*FLAGS, *INSTANTS, "unengaged_mails", "pressure"):
        op.drop_column("contact", name)
