"""A lease is taken and renewed within the row's page: no index is touched, however often a worker says it lives."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, text

from service.actions.lease import Lease, release, renew, take
from tests.actions.house import House, cleared

UPDATED = text("SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_xact_user_tables WHERE relname = 'delivery'")
PEOPLE = 30


@pytest.fixture
def house(engine: Engine) -> House:
    return cleared(engine, PEOPLE)


def test_a_lease_costs_no_index_anything(house: House, engine: Engine) -> None:
    lease = Lease()
    for act in (lambda session: take(session, lease, PEOPLE), *[lambda session: renew(session, lease)] * 3):
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM delivery"))  # as autovacuum does where there are more of them
        with house.begin() as session:
            before = session.execute(UPDATED).one()
            act(session)
            after = session.execute(UPDATED).one()
        updated, within = (now - then for now, then in zip(after, before, strict=True))
        assert (updated, len(lease.ids)) == (PEOPLE, PEOPLE)
        assert within >= PEOPLE * 0.8
    with house.begin() as session:
        release(session, lease)
