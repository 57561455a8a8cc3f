"""A day in a second: journey time jumps to what is due, waits for its outcome, and never runs back."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Engine, delete

from service.actions.move_journey import STRIDE, move_journey, start_journey
from service.store.journey import JourneyClock, journey_now, shifted_now
from tests.actions.house import NOW, House
from tests.domain.stories import at, day, letters, step

SECOND = timedelta(seconds=1)
A_DAY_A_SECOND = 86_400.0


def move(house: House, elapsed: timedelta = SECOND) -> timedelta:
    with house.begin() as session:
        used = move_journey(session, elapsed, A_DAY_A_SECOND)
        house.now = journey_now(session)
    return used


def test_nothing_due_lets_time_run(engine: Engine) -> None:
    house = House(engine, letters(step("hello", day(0))))
    assert move(house) == SECOND
    assert house.now == NOW + timedelta(days=1)


def test_time_stops_at_what_is_due_and_stands_until_it_has_an_outcome(engine: Engine) -> None:
    house = House(engine, letters(step("hello", day(0)), step("tip", day(3))))
    house.sign_up()
    assert move(house) == timedelta(0)
    house.work()
    for _ in range(5):
        move(house)
    assert NOW + timedelta(days=3) <= house.now <= NOW + timedelta(days=3) + STRIDE * A_DAY_A_SECOND
    assert move(house) == timedelta(0)
    house.work()
    assert [step for _, step in house.mails()] == ["hello", "tip"]
    assert move(house) == SECOND


def test_time_that_was_moved_never_runs_back_and_catches_up_with_the_world(engine: Engine) -> None:
    house = House(engine, letters(step("hello", day(0))))
    later = at("2030-01-01 00:00")
    with house.begin() as session:
        assert start_journey(session, at("2020-01-01 00:00")) == NOW
        assert start_journey(session, later) == later
        assert journey_now(session) == later
        session.execute(delete(JourneyClock))
        assert shifted_now(session) is None
        assert move_journey(session, SECOND, 2.0) == timedelta(0)
