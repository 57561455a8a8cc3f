"""What is kept for a time only is let go of; what somebody may still need is not."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Engine, func, select, update

from service.actions import prune as module
from service.actions.prune import prune_deliveries
from service.store.delivery import Delivery
from service.store.enrolment import Enrolment
from tests.actions.house import House
from tests.domain.stories import day, letters, step

KEPT = timedelta(days=730)


@pytest.fixture
def house(engine: Engine) -> House:
    house = House(engine, letters(step("hello", day(0)), step("tip", day(3))))
    for name in ("ana", "bea", "cleo"):
        house.sign_up(f"{name}@example.org")
    with house.begin() as session:
        session.execute(update(Delivery).values(created_at=house.now))
    house.work()
    return house


def walk(house: House) -> int:
    """How many are let go of on one walk."""
    gone, after = 0, 0
    while after is not None:
        with house.begin() as session:
            page = prune_deliveries(session, KEPT, after)
        gone, after = gone + page.gone, page.last
    return gone


def left(house: House) -> int:
    with house.begin() as session:
        return session.scalar(select(func.count()).select_from(Delivery)) or 0


def test_touches_go_once_their_sequence_is_long_over_and_the_enrolment_stays(house: House) -> None:
    house.work(house.now + timedelta(days=5))
    before = left(house)
    assert before == 6
    house.set_time(house.now + KEPT - timedelta(days=10))
    assert walk(house) == 0
    house.set_time(house.now + timedelta(days=20))
    assert walk(house) == 6
    assert left(house) == 0
    with house.begin() as session:
        assert session.scalars(select(Enrolment.state)).all() == ["finished"] * 3


def test_touches_of_who_is_still_inside_stay_however_old(house: House) -> None:
    house.set_time(house.now + KEPT * 2)
    assert walk(house) == 0
    assert left(house) == 6


def test_a_walk_goes_page_by_page_past_rows_that_somebody_holds(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BATCH", 2)
    house.work(house.now + timedelta(days=5))
    house.set_time(house.now + KEPT + timedelta(days=10))
    with house.begin() as holder:
        held = holder.scalar(select(Delivery.id).order_by(Delivery.id).limit(1).with_for_update())
        assert walk(house) == 5
    with house.begin() as session:
        assert session.scalars(select(Delivery.id)).all() == [held]
    assert walk(house) == 1
