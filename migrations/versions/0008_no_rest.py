"""No rest above a pressure: the ceilings hold all that it held (docs/decisions/0012).

Revision ID: 0008
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision: str | None = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_column("contact", "rest_until")


def downgrade() -> None:
    op.add_column("contact", sa.Column("rest_until", sa.DateTime(timezone=True)))
