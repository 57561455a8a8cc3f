"""What was agreed to, in which words, by which way, and for how long; when a client dealt with us last.

A row of consents is never changed, and goes only with its person: the database itself sees to it.

Revision ID: 0013
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision: str | None = "0012"
branch_labels = None
depends_on = None

# A row may pass from one contact to another, whose merged life it then tells, and in time forget which network address
# and browser it came from. It goes by the cascade of its contact, which runs inside of a trigger of the database's own,
# and by no statement of anybody's.
KEPT = """
CREATE FUNCTION keep_consent() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND to_jsonb(NEW) - ARRAY['contact_id', 'address', 'user_agent']
                          = to_jsonb(OLD) - ARRAY['contact_id', 'address', 'user_agent']
       AND (NEW.address IS NULL OR NEW.address = OLD.address)
       AND (NEW.user_agent IS NULL OR NEW.user_agent = OLD.user_agent) THEN
        RETURN NEW;
    END IF;
    IF TG_OP = 'DELETE' AND pg_trigger_depth() > 1 THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'consent is append-only: add a row that says what holds now'
        USING ERRCODE = 'restrict_violation';
END
$$
"""
# The slug stood in `source` alone so far; a wording's version is reckoned from its words, as in service.domain.consent.
KNOWN = """
UPDATE consent SET form = CASE WHEN source LIKE 'form:%' THEN substr(source, 6) END,
    version = CASE WHEN wording <> '' THEN left(encode(sha256(convert_to(wording, 'UTF8')), 'hex'), 12) END
WHERE source LIKE 'form:%' OR wording <> ''
"""
DEALT = """
UPDATE contact SET dealt_at = told.at
FROM (SELECT contact_id, max(at) AS at FROM event
      WHERE name IN ('agreement.signed', 'purchase', 'visit.completed') GROUP BY contact_id) AS told
WHERE contact.id = told.contact_id
"""


def upgrade() -> None:
    op.add_column("consent", sa.Column("form", sa.Text()))
    op.add_column("consent", sa.Column("version", sa.Text()))
    op.add_column("consent", sa.Column("channel", sa.Text(), server_default="email", nullable=False))
    op.add_column("consent", sa.Column("expires_at", sa.DateTime(timezone=True)))
    op.add_column("contact", sa.Column("dealt_at", sa.DateTime(timezone=True)))
    op.execute(KNOWN)
    op.execute(DEALT)
    op.execute(KEPT)
    op.execute(
        "CREATE TRIGGER keep_consent BEFORE UPDATE OR DELETE ON consent FOR EACH ROW EXECUTE FUNCTION keep_consent()"
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER keep_consent ON consent")
    op.execute("DROP FUNCTION keep_consent()")
    op.drop_column("contact", "dealt_at")
    for column in ("expires_at", "channel", "version", "form"):
        op.drop_column("consent", column)
