"""Seats in PostgreSQL: no more than there are, and nobody keeps one who is gone."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, create_engine, text

from service.store.seat import SEAT, Seats

LOCKS = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND classid = :seat AND granted"
HELD = 1  # seconds


@pytest.fixture
def elsewhere(database_url: str) -> Iterator[Engine]:
    """What another process has."""
    engine = create_engine(database_url)
    yield engine
    engine.dispose()


def held(engine: Engine) -> list[int]:
    with engine.connect() as connection:
        return list(connection.scalars(text(LOCKS), {"seat": SEAT}))


def test_no_more_sit_than_there_are_seats(engine: Engine) -> None:
    everybody = [Seats(engine) for _ in range(4)]
    assert [each.sit(3) for each in everybody] == [True, True, True, False]
    assert [each.sit(3) for each in everybody] == [True, True, True, False]
    assert len(held(engine)) == 3
    for each in everybody:
        each.stand_up()
    assert held(engine) == []


def test_whoever_dies_gives_up_the_seat_and_knows_it(engine: Engine, elsewhere: Engine) -> None:
    first, second = Seats(engine), Seats(elsewhere)
    assert first.sit(1)
    with elsewhere.connect() as connection:
        connection.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": held(engine)[0]})
    while held(elsewhere):
        time.sleep(0.01)
    assert second.sit(1)
    assert not first.sit(1), "its connection is lost, and the seat with it"
    assert not first.sit(1)
    second.stand_up()
    assert first.sit(1)
    first.stand_up()


def test_a_seat_is_kept_for_so_long_without_a_word(engine: Engine, elsewhere: Engine) -> None:
    silent, other = Seats(engine, held=HELD), Seats(elsewhere, held=HELD)
    began = asked = time.monotonic()
    assert silent.sit(1)
    while asked < began + 2 * HELD:
        time.sleep(HELD / 4)
        before, asked = asked, time.monotonic()
        is_kept, is_taken = silent.sit(1), other.sit(1)
        if time.monotonic() < before + HELD:
            assert is_kept, "a word each time"
            assert not is_taken
        else:  # this machine stood still for so long that the word came too late
            other.stand_up()
            began = asked
    while not other.sit(1):
        time.sleep(0.05)
    assert not silent.sit(1)
    other.stand_up()


def test_a_connection_that_held_a_seat_is_like_any_other_afterwards(engine: Engine) -> None:
    seats = Seats(engine, held=1)
    assert seats.sit(1)
    seats.stand_up()
    for _ in range(3):
        with engine.connect() as connection:
            assert connection.scalar(text("SHOW idle_in_transaction_session_timeout")) == "1min"


def test_without_postgresql_nobody_sits_and_nothing_breaks() -> None:
    engine = create_engine("postgresql+psycopg://nobody@127.0.0.1:1/none", connect_args={"connect_timeout": 1})
    seats = Seats(engine)
    assert not seats.sit(5)
    seats.stand_up()
