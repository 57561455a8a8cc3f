"""A mail notes which publication it was made from, and PostgreSQL no longer looks it up for each: none is ever deleted.

It was a fifth of what committing an intent cost the server.

Revision ID: 0020
"""

from __future__ import annotations

from alembic import op

revision = "0020"
down_revision: str | None = "0019"
branch_labels = None
depends_on = None

NAME = "fk_delivery_publication_id"


def upgrade() -> None:
    op.drop_constraint(NAME, "delivery", type_="foreignkey")


def downgrade() -> None:
    op.create_foreign_key(NAME, "delivery", "publication", ["publication_id"], ["id"])
