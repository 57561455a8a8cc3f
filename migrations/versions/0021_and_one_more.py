"""And one question less: a touch belongs to its enrolment's contact, which PostgreSQL need not look up once more.

It was a twentieth of what PostgreSQL does for a mail. Whoever is erased takes their enrolments along, and those their
touches.

Revision ID: 0021
"""

from __future__ import annotations

from alembic import op

revision = "0021"
down_revision: str | None = "0020"
branch_labels = None
depends_on = None

NAME = "fk_delivery_contact_id"


def upgrade() -> None:
    op.drop_constraint(NAME, "delivery", type_="foreignkey")


def downgrade() -> None:
    op.create_foreign_key(NAME, "delivery", "contact", ["contact_id"], ["id"], ondelete="CASCADE")
