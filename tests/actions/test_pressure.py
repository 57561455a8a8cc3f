"""How much mail weighs on people: folded from what happened, lightened by people alone, never by machines."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, select, update

from service.actions.lighten import lighten, opened_by
from service.actions.prune import Keeping, look_after_months
from service.actions.record_hits import record_hits
from service.actions.suppress import suppress
from service.actions.tell import Told, tell
from service.actions.unsubscribe import unsubscribe
from service.domain.breaker import Breaker
from service.domain.hit import RawHit
from service.domain.policy import Policy, PressurePolicy
from service.domain.sequence.model.business import Topic
from service.domain.sequence.vocabulary import Kind
from service.store.breaker import read_breaker
from service.store.contact import Contact, Suppression, lock_contacts
from service.store.decision import Decision
from service.store.delivery import Delivery
from tests.actions.house import FORM, NOW, House
from tests.domain.stories import BUSINESS, day, letters, step

DAY = timedelta(days=1)
READER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
APPLE = "Mozilla/5.0"
PREFETCH = "Mozilla/5.0 (Windows NT 10.0) Chrome/42.0.2311.135 Safari/537.36 Edge/12.246 Mozilla/5.0"
GATEWAY = "Barracuda Sentinel (EE)"


@pytest.fixture
def house(engine: Engine) -> House:
    """Four letters, five days apart."""
    return House(engine, letters(*(step(f"letter-{number}", day(5 * number)) for number in range(4))))


def row(house: House, contact_id: int) -> Contact:
    with house.begin() as session:
        return session.get_one(Contact, contact_id)


def hit(house: House, contact_id: int, agent: str, kind: str = "open", name: str = "letter-0", n: int = 0) -> None:
    """Somebody or something opened a mail, an hour after it left."""
    with house.begin() as session:
        of = (Delivery.contact_id == contact_id, Delivery.step == name)
        number, at = session.execute(select(Delivery.id, Delivery.handed_machine_at).where(*of)).one()
        raw = RawHit(f"{name}-{agent[:9]}-{kind}-{n}", kind, number, None, at + timedelta(hours=1), "GET", agent)
        record_hits(session, [raw])
        people = opened_by(session, [raw])
        lighten(session, house.published, lock_contacts(session, sorted(people)), house.now)


def tell_of(house: House, contact_id: int, name: str, at: datetime) -> None:
    with house.begin() as session:
        tell(session, house.published, [Told(contact_id, name, at=at)], house.now)


def test_each_letter_that_nobody_answers_weighs_more_than_the_one_before(house: House) -> None:
    ana = house.sign_up().contact_id
    house.work()
    assert row(house, ana).pressure == pytest.approx(1.0)
    house.work(NOW + 5 * DAY)
    assert row(house, ana).pressure == pytest.approx(2 ** (-5 / 21) + 1.5, rel=0.01)
    assert (row(house, ana).unengaged_mails, row(house, ana).unengaged_since) == (2, NOW)


def test_a_persons_open_takes_half_of_its_mail_away_once(house: House) -> None:
    ana = house.sign_up().contact_id
    house.work()
    hit(house, ana, READER)
    hit(house, ana, READER, n=1)
    seen = row(house, ana)
    assert seen.pressure == pytest.approx(0.5)
    assert seen.engaged_at is not None
    assert (seen.unengaged_mails, seen.hides_opens) == (0, False)


@pytest.mark.parametrize(("agent", "kind"), [(PREFETCH, "open"), (GATEWAY, "open"), (GATEWAY, "click")])
def test_what_a_machine_fetched_changes_nothing_at_all(house: House, agent: str, kind: str) -> None:
    ana, bob = house.sign_up("ana@example.org").contact_id, house.sign_up("bob@example.org").contact_id
    house.work()
    before = remembered(house, ana)
    for number in range(5):
        hit(house, ana, agent, kind, n=number)
    assert remembered(house, ana) == before
    house.work(NOW + 5 * DAY)
    assert remembered(house, ana) == remembered(house, bob)


def remembered(house: House, contact_id: int) -> tuple:
    each = row(house, contact_id)
    return (each.pressure, each.unengaged_mails, each.engaged_at, each.sunset_at, each.hides_opens)


def test_a_mailbox_that_hides_its_opens_makes_each_mail_weigh_less_and_is_no_sign_of_its_reader(house: House) -> None:
    ana = house.sign_up().contact_id
    house.work()
    before = remembered(house, ana)
    hit(house, ana, APPLE)
    assert remembered(house, ana) == before, "until the next mail leaves"
    house.work(NOW + 5 * DAY)
    seen = row(house, ana)
    assert seen.hides_opens
    assert seen.pressure == pytest.approx(0.75 * (2 ** (-5 / 21) + 1.5), rel=0.01)
    assert (seen.unengaged_mails, seen.engaged_at) == (2, None)
    hit(house, ana, READER, name="letter-1")
    assert not row(house, ana).hides_opens


@pytest.mark.parametrize("name", ["appointment.booked", "purchase", "reply"])
def test_a_booking_or_a_reply_lightens_all_and_soon_enough_its_own_mail_whole(house: House, name: str) -> None:
    ana = house.sign_up().contact_id
    house.work()
    house.set_time(NOW + 4 * DAY)  # too late to be about this letter
    tell_of(house, ana, name, house.now)
    assert row(house, ana).pressure == pytest.approx(0.5 * 2 ** (-4 / 21), rel=0.01)
    bob = house.sign_up("bob@example.org").contact_id
    house.work(NOW + 4 * DAY)
    tell_of(house, bob, name, house.now)
    assert row(house, bob).pressure == 0


def test_what_waits_for_pressure_is_looked_at_as_soon_as_somebody_answers(engine: Engine) -> None:
    strict = Policy(pressure=PressurePolicy(ceilings={4: 1.5}))
    business = replace(BUSINESS, topics=(Topic("Tips and ideas"),), forms=(FORM,), throttle=strict)
    house = House(engine, letters(step("one", day(0)), step("two", day(4))), business=business)
    ana = house.sign_up().contact_id
    house.work()
    house.work(NOW + 4 * DAY)
    assert house.states(ana) == {"one": "sent", "two": "held"}
    tell_of(house, ana, "purchase", house.now)
    house.work()
    assert house.states(ana)["two"] == "sent"


def decisions(house: House) -> list[tuple[str, str, str]]:
    with house.begin() as session:
        rows = session.scalars(select(Decision).order_by(Decision.id))
        return [(each.verdict, each.rule, each.sentence) for each in rows]


def test_a_decision_that_repeats_itself_for_a_month_is_written_once(engine: Engine) -> None:
    business = replace(BUSINESS, topics=(Topic("Tips and ideas"),), forms=(FORM,))
    house = House(engine, letters(step("review", day(0), Kind.REFERRAL)), business=business)
    ana = house.sign_up().contact_id
    with house.begin() as session:
        session.execute(update(Contact).values(pressure=20, pressure_at=NOW))
    house.work()
    first = decisions(house)
    assert [each[:2] for each in first] == [("held", "pressure")]
    assert "Held" in first[0][2]
    for days in range(1, 29):
        house.set_time(NOW + days * DAY)
        with house.begin() as session:
            session.execute(update(Delivery).values(wake_at=house.now))
        house.work()
    assert house.states(ana) == {"review": "held"}
    assert decisions(house) == first
    house.work(NOW + 31 * DAY)
    assert [each[0] for each in decisions(house)] == ["held", "expired"]


def test_a_decision_keeps_the_numbers_it_was_made_by_and_goes_after_its_time(house: House) -> None:
    keeping = Keeping(hits=180 * DAY, decisions=180 * DAY, deliveries=None)
    with house.begin() as session:
        look_after_months(session, keeping, NOW)  # the months that are there are the machine's own
    house.sign_up()
    house.work()
    with house.begin() as session:
        (decision,) = session.scalars(select(Decision))
        assert (decision.verdict, decision.rule, decision.at) == ("cleared", "slot", NOW)
        assert decision.inputs["class"] == 4
    house.set_time(datetime(2026, 12, 1, tzinfo=UTC) + keeping.decisions - DAY)
    with house.begin() as session:
        assert look_after_months(session, keeping, NOW) == ()
    assert len(decisions(house)) == 1
    house.set_time(house.now + DAY)
    with house.begin() as session:
        assert look_after_months(session, keeping, NOW) == ("decision_2026_11",)
    assert decisions(house) == []


def test_the_breaker_counts_people_who_complained_among_the_mails_of_its_time(house: House) -> None:
    policy = house.published.library.business.throttle.breaker
    people = [house.sign_up(f"person{number}@example.org").contact_id for number in range(5)]
    house.work()
    with house.begin() as session:
        assert read_breaker(session, policy, house.now) is Breaker.CLOSED
        for number in people[:3]:
            digest = session.get_one(Contact, number).address_hash
            session.add(Suppression(address_hash=digest, reason="complained", source="test", at=NOW))
    with house.begin() as session:
        assert read_breaker(session, policy, house.now) is Breaker.STOPPED
        assert read_breaker(session, replace(policy, stop=0.7), house.now) is Breaker.SLOW
        assert read_breaker(session, replace(policy, fewest=4), house.now) is Breaker.CLOSED
        assert read_breaker(session, policy, NOW + policy.span + DAY) is Breaker.CLOSED
    house.work(NOW + 5 * DAY)
    assert {house.states(number)["letter-1"] for number in people[3:]} == {"held"}


def complain(house: House, contact_id: int, topic: str | None = None) -> None:
    with house.begin() as session:
        contact = session.get_one(Contact, contact_id)
        suppress(session, contact, house.now, topic=topic, reason="complained", source="test")


def test_whoever_complains_twice_counts_once_and_two_people_are_too_few(house: House) -> None:
    policy = house.published.library.business.throttle.breaker
    assert policy.fewest == 3
    people = [house.sign_up(f"person{number}@example.org").contact_id for number in range(5)]
    house.work()
    for contact_id in people[:2]:
        complain(house, contact_id)
        complain(house, contact_id)
        complain(house, contact_id, "Tips and ideas")
    with house.begin() as session:
        assert read_breaker(session, policy, house.now) is Breaker.CLOSED
    complain(house, people[2])
    with house.begin() as session:
        assert read_breaker(session, policy, house.now) is Breaker.STOPPED


def test_whoever_had_left_and_complains_after_all_counts_and_spares_nothing_any_more(house: House) -> None:
    policy = replace(house.published.library.business.throttle.breaker, fewest=1)
    ana = house.sign_up().contact_id
    house.work()
    with house.begin() as session:
        unsubscribe(session, house.published, ana, NOW)
    with house.begin() as session:
        assert read_breaker(session, policy, house.now) is Breaker.CLOSED
    house.set_time(NOW + DAY)
    complain(house, ana)
    with house.begin() as session:
        (left, complained) = session.scalars(select(Suppression).order_by(Suppression.id))
        assert (left.reason, left.at) == ("unsubscribed", NOW)
        assert (complained.reason, complained.at) == ("complained", NOW + DAY)
        assert read_breaker(session, policy, house.now) is Breaker.STOPPED
        unsubscribe(session, house.published, ana, house.now)
    with house.begin() as session:
        reasons = session.scalars(select(Suppression.reason).order_by(Suppression.id))
        assert list(reasons) == ["unsubscribed", "complained"], "each once, and what is worse stays"
