"""A pause that somebody asked for, and what the preferences remember.

Revision ID: 0014
"""

from __future__ import annotations

revision = "0014"
down_revision: str | None = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
