"""A run goes along the line of what is cleared: each claim behind the one before, and nobody in front is forgotten."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, update

from service.actions.lease import Lease
from service.actions.line import Line
from service.store.delivery import Delivery
from tests.actions.house import House, cleared

PEOPLE = 9


@pytest.fixture
def house(engine: Engine) -> House:
    return cleared(engine, PEOPLE)


class Run:
    """One that takes three at a time."""

    def __init__(self, house: House, again: float = 60.0) -> None:
        self.house, self.lease, self.line = house, Lease(), Line(again)
        with house.begin() as session:
            self.ids = sorted(session.scalars(Delivery.__table__.select().with_only_columns(Delivery.id)))

    def take(self) -> list[int]:
        """Whom of the nine, counted from none."""
        with self.house.begin() as session:
            return [self.ids.index(each.id) for each in self.line.take(session, self.lease, 3)]

    def change(self, *who: int, **values: object) -> None:
        with self.house.begin() as session:
            those = Delivery.id.in_([self.ids[each] for each in who])
            session.execute(update(Delivery).where(those).values(values))


def test_all_are_taken_in_their_order_and_once(house: House) -> None:
    run = Run(house)
    assert [run.take() for _ in range(4)] == [[0, 1, 2], [3, 4, 5], [6, 7, 8], []]


def test_who_is_more_urgent_comes_next(house: House) -> None:
    run = Run(house)
    assert run.take() == [0, 1, 2]
    run.change(8, priority=0)
    assert [run.take(), run.take()] == [[8, 3, 4], [5, 6, 7]]


def test_who_is_given_back_in_front_comes_when_nobody_is_behind(house: House) -> None:
    run = Run(house)
    assert run.take() == [0, 1, 2]
    run.change(1, lease_until=None, token=None)
    assert [run.take() for _ in range(4)] == [[3, 4, 5], [6, 7, 8], [1], []]


def test_or_after_a_while(house: House) -> None:
    run = Run(house, again=0.0)
    assert run.take() == [0, 1, 2]
    run.change(1, lease_until=None, token=None)
    assert run.take() == [1, 3, 4]


def test_or_once_somebody_was_let_back(house: House) -> None:
    run = Run(house)
    assert run.take() == [0, 1, 2]
    run.change(1, lease_until=None, token=None)
    run.line.begin_anew()
    assert run.take() == [1, 3, 4]


def test_the_last_claim_is_filled_up_from_the_front(house: House) -> None:
    run = Run(house)
    for _ in range(2):
        run.take()
    run.change(0, lease_until=None, token=None)
    run.change(7, 8, state="sent")
    assert [run.take(), run.take()] == [[6, 0], []]
