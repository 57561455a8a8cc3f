"""Hits and decisions a month to a part: made ahead, dropped whole, and never refused for want of one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.orm import Session

from service.cli.migrate import migrate
from service.settings import ROOT
from service.store.partition import is_part, look_after_parts

HIT = """
INSERT INTO hit (at, journey_at, delivery_id, kind, verdict, rule, ruleset, nonce)
VALUES (:at, :at, 1, 'open', 'human', 'reader', 1, :nonce)
"""
PREVIOUS = "0005-1"  # the one before the parts
BEFORE = """
INSERT INTO hit (at, journey_at, delivery_id, kind, verdict, rule, ruleset, nonce)
SELECT at, at, n, 'open', 'human', 'reader', 1, n::text
FROM (SELECT n, now() - n * interval '1 day' AS at FROM generate_series(1, 400) AS n) AS each
"""
PERSON = """
INSERT INTO contact (email, email_key, address_hash, created_at, updated_at) VALUES ('a', 'a', 'x', now(), now())
"""
DECIDED = """
INSERT INTO decision (at, contact_id, delivery_id, rule, verdict, sentence)
SELECT now() - n * interval '1 day', (SELECT max(id) FROM contact), n, 'gap', 'held', 'Held.'
FROM generate_series(1, 400) AS n
"""
NOW = datetime(2131, 12, 24, 9, tzinfo=UTC)  # long after the months that are made with the tables
LONG_AGO = datetime(2001, 1, 1, tzinfo=UTC)


@pytest.fixture
def engine(empty_database_url: str):
    migrate(empty_database_url)
    engine = create_engine(empty_database_url)
    yield engine
    engine.dispose()


def hit(session: Session, at: datetime, nonce: str) -> None:
    session.execute(text(HIT), {"at": at, "nonce": nonce})


def parts(session: Session) -> dict[str, int]:
    """How many hits stand in each part that has any."""
    rows = session.execute(text("SELECT tableoid::regclass::text, count(*) FROM hit GROUP BY 1 ORDER BY 1"))
    return dict(rows.all())


def test_the_coming_months_are_made_over_the_turn_of_the_year(engine: Engine) -> None:
    with Session(engine) as session:
        look_after_parts(session, "hit", NOW, LONG_AGO)
        for month, at in (("12", NOW), ("01", NOW.replace(year=2132, month=1)), ("02", NOW.replace(2132, 2))):
            hit(session, at, month)
        assert parts(session) == {"hit_2131_12": 1, "hit_2132_01": 1, "hit_2132_02": 1}
        assert look_after_parts(session, "hit", NOW, LONG_AGO) == (), "all of them are there already"


def test_a_row_that_no_month_was_made_for_is_kept_and_moves_when_there_is_one(engine: Engine) -> None:
    with Session(engine) as session:
        hit(session, NOW, "early")
        hit(session, NOW + timedelta(days=400), "much later")
        assert parts(session) == {"hit_rest": 2}
        look_after_parts(session, "hit", NOW, LONG_AGO)
        assert parts(session) == {"hit_2131_12": 1, "hit_rest": 1}


def test_what_is_past_its_time_is_dropped_by_the_month(engine: Engine) -> None:
    with Session(engine) as session:
        for month in (9, 10, 11):
            at = NOW.replace(month=month)
            look_after_parts(session, "hit", at, LONG_AGO)
            hit(session, at, str(month))
        hit(session, datetime(2020, 1, 1, tzinfo=UTC), "from a clock that was wrong")
        dropped = look_after_parts(session, "hit", NOW, datetime(2131, 11, 1, tzinfo=UTC))
        assert {"hit_2131_09", "hit_2131_10"} <= set(dropped)
        assert parts(session) == {"hit_2131_11": 1}


def test_only_one_host_looks_after_the_parts_at_a_time(engine: Engine) -> None:
    with Session(engine) as one, Session(engine) as other:
        look_after_parts(one, "hit", NOW, LONG_AGO)
        assert look_after_parts(other, "hit", NOW, NOW) == ()
        one.commit()
        assert look_after_parts(other, "hit", NOW, NOW) != ()


def test_a_hit_counts_once_within_its_part(engine: Engine) -> None:
    with Session(engine) as session:
        hit(session, NOW, "n")
        again = text(HIT + " ON CONFLICT (nonce, at) DO NOTHING")
        session.execute(again, {"at": NOW, "nonce": "n"})
        assert parts(session) == {"hit_rest": 1}


def test_the_name_of_a_part_is_told_from_a_table() -> None:
    assert all(map(is_part, ("hit_2026_11", "decision_rest")))
    assert not any(map(is_part, ("hit", "delivery", "hit_list", "hit_2026")))


def rows(connection: Connection, table: str) -> list[tuple[object, ...]]:
    found = [tuple(row) for row in connection.execute(text(f"SELECT delivery_id, at, rule FROM {table} ORDER BY 2, 1"))]
    connection.commit()
    return found


def test_rows_of_before_the_parts_move_into_them_and_back(empty_database_url: str) -> None:
    migrate(empty_database_url)
    engine = create_engine(empty_database_url)
    with engine.connect() as connection:
        config = Config(toml_file=ROOT / "pyproject.toml", attributes={"connection": connection})
        command.downgrade(config, PREVIOUS)
        connection.commit()
        connection.execute(text(BEFORE))
        connection.execute(text(PERSON))
        connection.execute(text(DECIDED))
        connection.commit()
        hits, decisions = rows(connection, "hit"), rows(connection, "decision")
        command.upgrade(config, "head")
        connection.commit()
        assert len(hits) == len(decisions) == 400
        assert (rows(connection, "hit"), rows(connection, "decision")) == (hits, decisions)
        months = connection.scalars(text("SELECT DISTINCT tableoid::regclass::text FROM hit")).all()
        assert len(months) > 12
        assert "hit_rest" not in months
        connection.execute(text(DECIDED.replace("400", "1")))  # its number follows on those that moved
        connection.rollback()
        command.downgrade(config, PREVIOUS)
        connection.commit()
        assert (rows(connection, "hit"), rows(connection, "decision")) == (hits, decisions)
    engine.dispose()
