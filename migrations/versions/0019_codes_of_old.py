"""The referral code of a contact that was made one with another, who has a code too: the old links work for ever.

Revision ID: 0019
"""

from __future__ import annotations

from alembic import op

revision = "0019"
down_revision: str | None = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE merged_contact ADD COLUMN referral_code text")
    op.execute("ALTER TABLE merged_contact ADD CONSTRAINT uq_merged_contact_referral_code UNIQUE (referral_code)")


def downgrade() -> None:
    op.execute("ALTER TABLE merged_contact DROP COLUMN referral_code")
