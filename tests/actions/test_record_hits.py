"""Hits are written down once each, with their class, and only of deliveries that are there."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Engine, select, update

from service.actions.erase import erase
from service.actions.record_hits import record_hits
from service.domain.hit import RULESET, RawHit
from service.domain.sequence.vocabulary import Kind
from service.store.delivery import Delivery
from service.store.enrolment import Enrolment
from service.store.event import Event, Hit
from service.store.journey import JourneyClock
from tests.actions.house import NOW, House
from tests.domain.stories import day, letters, step

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture
def house(engine: Engine) -> House:
    """Somebody has got the first letter of two."""
    house = House(engine, letters(step("checklist", day(0), Kind.SERVICE), step("tip", day(2))))
    house.contact_id = house.sign_up().contact_id  # type: ignore[attr-defined]
    house.work()
    return house


def delivery_id(house: House) -> int:
    with house.begin() as session:
        return session.scalars(select(Delivery.id).order_by(Delivery.id).limit(1)).one()


def hit(house: House, nonce: str = "n1", kind: str = "open", seconds: float = 60, agent: str = FIREFOX) -> RawHit:
    """A hit so many seconds after the first letter left."""
    link = 1 if kind == "click" else None
    with house.begin() as session:
        number, left = session.execute(select(Delivery.id, Delivery.handed_machine_at).order_by(Delivery.id)).first()
    return RawHit(nonce, kind, number, link, left + timedelta(seconds=seconds), "GET", agent)


def record(house: House, *hits: RawHit) -> int:
    with house.begin() as session:
        return record_hits(session, hits)


def stored(house: House) -> list[Hit]:
    with house.begin() as session:
        return list(session.scalars(select(Hit).order_by(Hit.nonce)))


def test_a_hit_is_kept_with_its_class_rule_and_ruleset(house: House) -> None:
    opened = hit(house)
    assert record(house, opened) == 1
    (row,) = stored(house)
    assert (row.kind, row.verdict, row.rule, row.ruleset) == ("open", "human", "reader", RULESET)
    assert (row.at, row.user_agent, row.link_id) == (opened.at, FIREFOX, None)


def test_a_hit_handed_on_twice_counts_once(house: House) -> None:
    first, second = hit(house, "n1"), hit(house, "n2")
    assert record(house, first) == 1
    assert record(house, first, second, second) == 1
    assert len(stored(house)) == 2


def test_hits_of_nobody_are_left_out_and_the_others_kept(house: House) -> None:
    mine = hit(house)
    assert record(house, mine._replace(nonce="n0", delivery_id=999_999), mine) == 1
    with house.begin() as session:
        assert erase(session, house.contact_id)  # type: ignore[attr-defined]
    assert record(house, mine._replace(nonce="n2")) == 0
    assert record(house) == 0


def test_a_click_within_two_seconds_of_the_hand_over_is_a_scanners(house: House) -> None:
    record(house, hit(house, "n1", "click", seconds=0.5), hit(house, "n2", "click", seconds=30))
    soon, later = stored(house)
    assert (soon.verdict, soon.rule) == ("scanner", "too-soon")
    assert (later.verdict, later.rule) == ("unknown", "waiting")


def test_nothing_moves_because_of_a_hit_alone(house: House) -> None:
    with house.begin() as session:
        before = session.scalars(select(Enrolment.wake_at)).one()
    record(house, hit(house, "n1"), hit(house, "n2", "click"))
    with house.begin() as session:
        assert session.scalars(select(Event).where(Event.name == "click")).all() == []
        assert session.scalars(select(Enrolment.wake_at)).one() == before


def test_journey_time_is_the_machines_unless_it_runs_apart(house: House) -> None:
    record(house, hit(house, "n1"))
    assert stored(house)[0].journey_at == NOW
    with house.begin() as session:
        session.execute(JourneyClock.__table__.delete())
    record(house, hit(house, "n2"))
    assert stored(house)[1].journey_at == stored(house)[1].at


def test_five_thousand_hits_are_one_batch(house: House) -> None:
    hits = [hit(house)._replace(nonce=f"n{number}") for number in range(20)]
    many = [each._replace(nonce=f"{each.nonce}-{number}") for each in hits for number in range(250)]
    assert record(house, *many) == 5_000


def test_a_mail_whose_hand_over_is_not_known_is_judged_by_the_rest(house: House) -> None:
    clicked = hit(house, "n1", "click", seconds=0)
    with house.begin() as session:
        session.execute(update(Delivery).values(handed_machine_at=None))
    record(house, clicked)
    assert stored(house)[0].rule == "waiting"
