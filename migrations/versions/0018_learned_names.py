"""The Message-ID that a provider wrote into a mail in place of ours; when a notice is looked at again.

Revision ID: 0018
"""

from __future__ import annotations

from alembic import op

revision = "0018"
down_revision: str | None = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE delivery ADD COLUMN known_as text")
    op.execute("ALTER TABLE notice ADD COLUMN retry_at timestamptz")


def downgrade() -> None:
    op.execute("ALTER TABLE notice DROP COLUMN retry_at")
    op.execute("ALTER TABLE delivery DROP COLUMN known_as")
