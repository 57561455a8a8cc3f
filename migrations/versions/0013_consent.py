"""What was agreed to, in which words, by which way, and for how long; what waits to be confirmed.

Revision ID: 0013
"""

from __future__ import annotations

revision = "0013"
down_revision: str | None = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
