"""Where a person has come from that two rows spoke of; a consent's network address may fade before the consent does.

Revision ID: 0017
"""

from __future__ import annotations

from alembic import op

revision = "0017"
down_revision: str | None = "0016"
branch_labels = None
depends_on = None

# As in 0013, and besides: what the network and the browser were may be let go of, and nothing may come in its place.
FADES = """
CREATE OR REPLACE FUNCTION keep_consent() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    free CONSTANT text[] := ARRAY['contact_id', 'address', 'user_agent'];
BEGIN
    IF TG_OP = 'UPDATE' AND to_jsonb(NEW) - free = to_jsonb(OLD) - free
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
STAYS = """
CREATE OR REPLACE FUNCTION keep_consent() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND to_jsonb(NEW) - 'contact_id' = to_jsonb(OLD) - 'contact_id' THEN
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


def upgrade() -> None:
    op.execute(FADES)
    op.execute(
        """
        CREATE TABLE merged_contact (
            id bigint CONSTRAINT pk_merged_contact PRIMARY KEY,
            contact_id bigint NOT NULL
                CONSTRAINT fk_merged_contact_contact_id REFERENCES contact (id) ON DELETE CASCADE,
            at timestamptz DEFAULT clock_timestamp() NOT NULL
        )
        """
    )
    op.execute("CREATE INDEX ix_merged_contact_contact_id ON merged_contact (contact_id)")


def downgrade() -> None:
    op.execute("DROP TABLE merged_contact")
    op.execute(STAYS)
