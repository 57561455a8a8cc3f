"""What is kept for how long.

Revision ID: 0017
"""

from __future__ import annotations

revision = "0017"
down_revision: str | None = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
