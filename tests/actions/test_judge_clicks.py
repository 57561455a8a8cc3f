"""A person's click becomes an event that moves things; a scanner's moves nothing."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine, select

from service.actions.erase import erase
from service.actions.judge_clicks import clicks_wait, judge_clicks
from service.actions.move_journey import move_journey
from service.actions.record_hits import record_hits
from service.clock import machine_now
from service.domain.hit import RawHit
from service.domain.sequence.model.exit import Exit
from service.domain.sequence.vocabulary import Kind
from service.store.contact import lock_contacts
from service.store.delivery import Delivery
from service.store.event import Event, Hit
from service.store.publication import Link
from tests.actions.house import NOW, House
from tests.domain.stories import HERE, day, letters, step

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
URL = "https://glow.example/book"
DAY = timedelta(days=1)


@pytest.fixture
def house(engine: Engine) -> House:
    """A checklist at once; a reminder on day 2 for those who have not clicked in it."""
    house = House(
        engine,
        letters(
            step("checklist", day(0), Kind.SERVICE), step("reminder", day(2), condition='not clicked("checklist")')
        ),
    )
    house.sign_up()
    house.work()
    with house.begin() as session:
        session.add_all([Link(url=URL), Link(url=f"{URL}/later")])
    return house


def clicked(house: House, at: datetime, *links: int, nonce: str = "n", method: str = "GET") -> None:
    """Clicks on links, the first or second, a tenth of a second apart."""
    with house.begin() as session:
        ids = list(session.scalars(select(Link.id).order_by(Link.id)))
        (delivery_id,) = session.scalars(select(Delivery.id).where(Delivery.step == "checklist"))
        times = [at + timedelta(seconds=number / 10) for number in range(len(links))]
        hits = [
            RawHit(f"{nonce}{number}", "click", delivery_id, ids[link], time, method, FIREFOX)
            for number, (link, time) in enumerate(zip(links, times, strict=True))
        ]
        assert record_hits(session, hits) == len(links)


def judged(house: House, until: datetime) -> int:
    with house.begin() as session:
        return judge_clicks(session, house.published, until)


def verdicts(house: House) -> list[tuple[str, str]]:
    with house.begin() as session:
        return [(row.verdict, row.rule) for row in session.scalars(select(Hit).order_by(Hit.nonce))]


def click_events(house: House) -> list[Event]:
    with house.begin() as session:
        return list(session.scalars(select(Event).where(Event.name == "click")))


def contacts(house: House) -> list[int]:
    with house.begin() as session:
        return list(session.scalars(select(Delivery.contact_id).distinct()))


def later(seconds: float) -> datetime:
    return machine_now() + timedelta(seconds=seconds)


def test_a_persons_click_is_an_event_that_says_which_mail(house: House) -> None:
    clicked(house, later(30), 0)
    assert judged(house, later(40)) == 1
    assert verdicts(house) == [("human", "reader")]
    (event,) = click_events(house)
    (contact_id,) = {event.contact_id}
    enrolment = house.enrolment(contact_id)
    assert event.data == {"sequence": "letters", "step": "checklist", "enrolment": enrolment.id, "url": URL}
    assert (event.at, event.key, event.about) == (NOW, "n0", None)
    assert enrolment.wake_at <= NOW


def test_a_click_changes_what_comes_next(house: House) -> None:
    clicked(house, later(30), 0)
    judged(house, later(40))
    house.work(NOW + 3 * DAY)
    assert [step for _, step in house.mails()] == ["checklist"]


def test_all_links_within_two_seconds_are_a_scanners_and_no_branch_is_taken(house: House) -> None:
    clicked(house, later(30), 0, 1)
    assert judged(house, later(40)) == 2
    assert verdicts(house) == [("scanner", "all-at-once")] * 2
    assert click_events(house) == []
    house.work(NOW + 3 * DAY)
    assert [step for _, step in house.mails()] == ["checklist", "reminder"]


def test_a_burst_recorded_in_two_batches_is_still_one(house: House) -> None:
    at = later(30)
    clicked(house, at, 0, nonce="a")
    assert judged(house, at - timedelta(seconds=2)) == 0, "it waits"
    clicked(house, at + timedelta(seconds=1), 1, nonce="b", method="HEAD")
    judged(house, later(40))
    assert verdicts(house) == [("scanner", "all-at-once"), ("scanner", "head")]
    assert click_events(house) == []


def test_a_double_click_on_one_link_is_a_person(house: House) -> None:
    clicked(house, later(30), 0, 0)
    judged(house, later(40))
    assert verdicts(house) == [("human", "reader")] * 2


def test_a_click_is_judged_once(house: House) -> None:
    clicked(house, later(30), 0)
    assert judged(house, later(40)) == 1
    assert judged(house, later(40)) == 0
    assert len(click_events(house)) == 1


def test_a_click_of_somebody_whom_another_worker_holds_waits_for_the_next_round(house: House) -> None:
    clicked(house, later(30), 0)
    with house.begin() as other:
        lock_contacts(other, contacts(house))
        assert judged(house, later(40)) == 0
    assert judged(house, later(40)) == 1


def test_a_click_of_somebody_forgotten_in_between_waits_no_longer(house: House) -> None:
    clicked(house, later(30), 0)
    with house.begin() as session:
        erase(session, contacts(house)[0])
    assert judged(house, later(40)) == 1
    assert verdicts(house) == [("unknown", "forgotten")]


def test_whether_a_click_waits_can_be_asked(house: House) -> None:
    def waits() -> bool:
        with house.begin() as session:
            return clicks_wait(session)

    assert not waits()
    clicked(house, later(30), 0)
    assert waits()
    judged(house, later(40))
    assert not waits()


def test_fast_time_stands_still_while_a_click_waits(house: House) -> None:
    def moved() -> bool:
        with house.begin() as session:
            return move_journey(session, timedelta(seconds=1), speed=60) > timedelta(0)

    assert moved()
    clicked(house, later(30), 0)
    assert not moved()
    judged(house, later(40))
    house.work(NOW + timedelta(minutes=5))
    assert moved()


def test_a_click_can_end_a_sequence(engine: Engine) -> None:
    house = House(engine, letters(step("checklist", day(0)), step("tip", day(2)), stop=(Exit(HERE, event="click"),)))
    ana = house.sign_up().contact_id
    house.work()
    with house.begin() as session:
        session.add(Link(url=URL))
    clicked(house, later(30), 0)
    judged(house, later(40))
    house.work()
    assert house.enrolment(ana).state == "stopped"
