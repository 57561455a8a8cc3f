"""How long a client is one: reckoned from the last visit or purchase, by whichever way it was told."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine

from service.actions.tell import Told, tell
from service.domain.consent import may_email
from service.domain.sequence.model.business import Topic
from service.domain.sequence.model.duration import Duration, Unit
from service.store.contact import Contact, lock_contacts
from service.store.history import read_standings
from service.store.judged import read_judged
from tests.actions.house import House
from tests.domain.stories import BUSINESS, at, day, letters, step

CARE = Topic("Your project", "client", lasts=Duration.of(2, Unit.YEARS))
NOW = at("2026-11-20 10:00")
DAY = timedelta(days=1)


@pytest.fixture
def house(engine: Engine) -> House:
    business = replace(BUSINESS, topics=(Topic("Tips and ideas"), CARE))
    return House(engine, letters(step("hello", day(0))), business=business)


def told(house: House, who: int, *events: tuple[str, datetime]) -> None:
    with house.begin() as session:
        tell(session, house.published, [Told(who, name, when) for name, when in events], house.now)


def why_not(house: House, who: int, now: datetime) -> str | None:
    """As read for one and for many."""
    with house.begin() as session:
        lock_contacts(session, [who])
        one = read_standings(session, [session.get_one(Contact, who)], now)[who]
        assert read_judged(session, [who], now).standings[who] == one
    return may_email(one, CARE, now)


def test_a_visit_makes_a_client_for_two_years(house: House) -> None:
    ana = house.sign_up().contact_id
    assert why_not(house, ana, NOW) == "is not a client, and “Your project” is for clients"
    told(house, ana, ("visit.completed", NOW))
    assert why_not(house, ana, NOW + 729 * DAY) is None
    assert why_not(house, ana, NOW + 731 * DAY) == (
        "has not been here since 20 November 2026, and “Your project” is for clients"
    )


def test_each_visit_or_purchase_begins_it_anew_and_none_that_lay_before(house: House) -> None:
    ana = house.sign_up().contact_id
    told(house, ana, ("visit.completed", NOW - 900 * DAY))
    house.set_time(NOW + 700 * DAY)
    told(house, ana, ("purchase", house.now), ("visit.completed", house.now - 300 * DAY), ("review.left", house.now))
    assert why_not(house, ana, house.now + 729 * DAY) is None
    told(house, ana, ("visit.completed", NOW))
    assert why_not(house, ana, house.now + 729 * DAY) is None
    assert why_not(house, ana, house.now + 732 * DAY) is not None


def test_an_event_that_is_no_visit_changes_nothing(house: House) -> None:
    ana = house.sign_up().contact_id
    told(house, ana, ("visit.completed", NOW - 500 * DAY))
    house.set_time(NOW + 600 * DAY)
    told(house, ana, ("appointment.missed", house.now))
    with house.begin() as session:
        assert session.get_one(Contact, ana).dealt_at == NOW - 500 * DAY
