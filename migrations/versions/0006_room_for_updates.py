"""Room for updates, and vacuum before it is felt.

A lease is taken and renewed without touching an index (a heap-only update): the index of what is handed over no longer
holds `lease_until`, and pages keep room for the row's next version. Vacuum comes after a fiftieth of the rows changed,
not a fifth: of a hundred million that would be twenty million dead ones.

Revision ID: 0006
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision: str | None = "0005"
branch_labels = None
depends_on = None

HANDED = sa.text("state = 'handed'")
# Percent of a page that is filled by inserts.
FILLED = {"delivery": 80, "enrolment": 85, "contact": 85, "webhook_call": 80}
VACUUM = {
    "autovacuum_vacuum_scale_factor": 0.02,
    "autovacuum_vacuum_insert_scale_factor": 0.05,
    "autovacuum_analyze_scale_factor": 0.02,
}
# A few rows that change all the time: vacuumed by number, whatever their share.
BUSY = ("journey_clock", "rollout")
OFTEN = {"autovacuum_vacuum_scale_factor": 0, "autovacuum_vacuum_threshold": 200}


def upgrade() -> None:
    op.drop_index("ix_delivery_handed", table_name="delivery")
    op.create_index("ix_delivery_handed", "delivery", ["id"], postgresql_where=HANDED)
    for table, percent in FILLED.items():
        _set(table, {"fillfactor": percent, **VACUUM})
    _set("event", VACUUM)
    for table in BUSY:
        _set(table, OFTEN)


def downgrade() -> None:
    for table in BUSY:
        _reset(table, tuple(OFTEN))
    _reset("event", tuple(VACUUM))
    for table in FILLED:
        _reset(table, ("fillfactor", *VACUUM))
    op.drop_index("ix_delivery_handed", table_name="delivery")
    op.create_index("ix_delivery_handed", "delivery", ["lease_until"], postgresql_where=HANDED)


def _set(table: str, parameters: dict[str, float]) -> None:
    op.execute(f"ALTER TABLE {table} SET ({', '.join(f'{name} = {value}' for name, value in parameters.items())})")


def _reset(table: str, names: tuple[str, ...]) -> None:
    op.execute(f"ALTER TABLE {table} RESET ({', '.join(names)})")
