"""Who never reacts is asked once whether they want to stay, and then left in peace; any sign of them ends it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine, select

from service.actions.judge_clicks import judge_clicks
from service.actions.record_hits import record_hits
from service.actions.tell import Told, tell
from service.actions.unsubscribe import unsubscribe
from service.domain.hit import RawHit
from service.domain.policy import Policy, SunsetPolicy
from service.domain.sequence.model.business import Topic
from service.domain.sequence.model.enrol import Enrol, Trigger
from service.domain.sequence.model.sequence import Sequence as Journey
from service.domain.sequence.model.sequence import Status
from service.domain.sequence.vocabulary import Kind, Stage
from service.store.contact import Consent, Contact, Suppression
from service.store.delivery import Delivery
from service.store.enrolment import Enrolment
from service.store.event import Event
from tests.actions.house import FORM, NOW, House
from tests.domain.stories import BUSINESS, day, letters, step

DAY = timedelta(days=1)
SUNSET = SunsetPolicy(never=2, once=3, at_least=timedelta(days=10), silence=timedelta(days=60))
ASKED = NOW + 12 * DAY  # a Wednesday, on which the second letter leaves
READER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
GATEWAY = "Barracuda Sentinel (EE)"
TOPICS = (Topic("Tips and ideas"), Topic("News"), Topic("Your appointments", "service"))


def asking() -> Journey:
    still = letters(step("still-there", day(0), Kind.WIN_BACK))
    return replace(still, key="still", stage=Stage.FAREWELL, enrol=Enrol((Trigger("event", "unengaged"),)))


def town(engine: Engine, *more: Journey) -> House:
    """Letters every six days, after a year of which somebody would have been asked long ago."""
    days = (0, 12, 18, 24, 30, 80)
    series = letters(*(step(f"letter-{number}", day(each)) for number, each in enumerate(days)))
    receipt = replace(letters(step("receipt", day(0), Kind.SERVICE)), key="receipt", topic="Your appointments")
    receipt = replace(receipt, enrol=Enrol((Trigger("event", "refund"),)))
    business = replace(BUSINESS, topics=TOPICS, forms=(FORM,), throttle=Policy(sunset=SUNSET))
    return House(engine, series, receipt, *more, business=business)


@pytest.fixture
def house(engine: Engine) -> House:
    return town(engine, asking())


def contact(house: House, contact_id: int) -> Contact:
    with house.begin() as session:
        return session.get_one(Contact, contact_id)


def asked(house: House) -> int:
    """Somebody who was asked, and has not answered."""
    ana = house.sign_up(first_name="Ana").contact_id
    house.work()
    house.work(ASKED)
    house.work(ASKED + 3 * DAY)
    assert house.mails()[-1][1] == "still-there"
    return ana


def suppressed(house: House) -> list[str]:
    with house.begin() as session:
        return list(session.scalars(select(Suppression.reason)))


def told(house: House, name: str) -> int:
    with house.begin() as session:
        return len(session.scalars(select(Event.id).where(Event.name == name)).all())


def test_who_was_asked_gets_the_question_and_service_mail_alone(house: House) -> None:
    ana = asked(house)
    assert contact(house, ana).sunset_at == ASKED
    for days in (18, 24, 30):
        house.work(NOW + days * DAY)
    with house.begin() as session:
        tell(session, house.published, [Told(ana, "refund", at=house.now)], house.now)
    house.work()
    assert [step for _, step in house.mails()] == ["letter-0", "letter-1", "still-there", "receipt"]
    assert told(house, "unengaged") == 1


def test_after_the_silence_the_address_is_left_in_peace(house: House) -> None:
    ana = asked(house)
    house.work(ASKED + SUNSET.silence - DAY)
    assert suppressed(house) == []
    house.work(ASKED + SUNSET.silence)
    assert suppressed(house) == ["unengaged"]
    for days in (80, 90):
        house.work(NOW + days * DAY)
    assert [step for _, step in house.mails()] == ["letter-0", "letter-1", "still-there"]
    with house.begin() as session:
        states = dict(session.execute(select(Enrolment.sequence, Enrolment.state)).all())
        tell(session, house.published, [Told(ana, "refund", at=house.now)], house.now)
    assert states["letters"] == "left"
    house.work()
    assert house.mails()[-1][1] == "receipt", "what they booked goes on"


@pytest.mark.parametrize("sign", ["appointment.booked", "purchase", "reply"])
def test_any_sign_of_the_person_ends_it(house: House, sign: str) -> None:
    ana = asked(house)
    house.set_time(ASKED + 20 * DAY)
    with house.begin() as session:
        tell(session, house.published, [Told(ana, sign, at=house.now)], house.now)
    assert contact(house, ana).sunset_at is None
    house.work(ASKED + SUNSET.silence + DAY)
    assert suppressed(house) == []


def clicked(house: House, contact_id: int, name: str, agent: str) -> None:
    """Somebody or something followed the link of a mail, an hour after it left."""
    with house.begin() as session:
        of = (Delivery.contact_id == contact_id, Delivery.step == name)
        number, left = session.execute(select(Delivery.id, Delivery.handed_machine_at).where(*of)).one()
        assert record_hits(session, [RawHit("n", "click", number, None, left + timedelta(hours=1), "GET", agent)]) == 1
    with house.begin() as session:
        judge_clicks(session, house.published, left + timedelta(hours=2))


@pytest.mark.parametrize("mail", ["letter-0", "still-there"])
def test_a_persons_click_in_any_mail_ends_it(house: House, mail: str) -> None:
    ana = asked(house)
    house.set_time(ASKED + 20 * DAY)
    clicked(house, ana, mail, READER)
    after = contact(house, ana)
    assert (after.sunset_at, after.unengaged_mails) == (None, 0)
    for days in (33, 45, 60, 85):
        house.work(NOW + days * DAY)
    assert suppressed(house) == []
    assert len(house.mails()) > 3, "and the letters go on"


def test_a_machines_click_does_not_end_it(house: House) -> None:
    ana = asked(house)
    house.set_time(ASKED + 20 * DAY)
    clicked(house, ana, "still-there", GATEWAY)
    assert contact(house, ana).sunset_at == ASKED
    house.work(ASKED + SUNSET.silence)
    assert suppressed(house) == ["unengaged"]


def test_a_signup_with_fresh_consent_ends_it(house: House) -> None:
    ana = asked(house)
    house.set_time(ASKED + 20 * DAY)
    house.sign_up()
    after = contact(house, ana)
    assert (after.sunset_at, after.unengaged_mails) == (None, 0)
    house.work(ASKED + SUNSET.silence + DAY)
    assert suppressed(house) == []


def test_who_reacted_once_is_asked_later(house: House) -> None:
    ana = house.sign_up().contact_id
    house.work()
    with house.begin() as session:
        tell(session, house.published, [Told(ana, "purchase", at=NOW + timedelta(hours=1))], NOW + timedelta(hours=2))
    for days in (12, 18):
        house.work(NOW + days * DAY)
    assert contact(house, ana).sunset_at is None
    house.work(NOW + 24 * DAY)
    assert contact(house, ana).unengaged_mails == 3
    assert contact(house, ana).sunset_at == NOW + 24 * DAY


def test_nobody_is_silenced_who_was_never_asked(engine: Engine) -> None:
    """There is no sequence that asks."""
    house = town(engine)
    ana = house.sign_up().contact_id
    for days in (0, 12, 18, 24, 30, 80, 85):
        house.work(NOW + days * DAY)
    assert contact(house, ana).sunset_at is None
    assert len(house.mails()) > 3
    assert (told(house, "unengaged"), suppressed(house)) == (1, [])


def leave(house: House, contact_id: int, topic: str) -> None:
    with house.begin() as session:
        unsubscribe(session, house.published, contact_id, house.now, topic=topic)


def goes_on(house: House, contact_id: int) -> None:
    """The letters do, and nobody is left in peace for a silence that was none."""
    assert contact(house, contact_id).sunset_at is None
    for days in (18, 24, 30, 80, 90):
        house.work(NOW + days * DAY)
    assert {"letter-2", "letter-3", "letter-5"} <= {step for _, step in house.mails()}
    assert "unengaged" not in suppressed(house)


@pytest.mark.parametrize("left", [True, False])
def test_nobody_is_silenced_whom_the_question_may_not_reach(engine: Engine, left: bool) -> None:
    """They left its topic, or never agreed to it."""
    house = town(engine, replace(asking(), topic="News"))
    ana = house.sign_up().contact_id
    house.work()
    if left:
        leave(house, ana, "News")
    house.work(ASKED)
    assert told(house, "unengaged") == 1
    goes_on(house, ana)


@pytest.mark.parametrize("status", [Status.DRAFT, Status.PAUSED, Status.CLOSED])
def test_nobody_is_silenced_for_a_question_that_is_not_asked_now(engine: Engine, status: Status) -> None:
    house = town(engine, replace(asking(), status=status))
    ana = house.sign_up().contact_id
    house.work()
    house.work(ASKED)
    goes_on(house, ana)


def test_nobody_is_silenced_for_a_question_of_long_ago(engine: Engine) -> None:
    """Its sequence still runs, because it has another step next year, and lets nobody in a second time."""
    still = asking()
    house = town(engine, replace(still, steps=(*still.steps, step("once-more", day(400), Kind.WIN_BACK))))
    ana = asked(house)
    house.set_time(ASKED + 4 * DAY)
    with house.begin() as session:
        tell(session, house.published, [Told(ana, "purchase", at=house.now)], house.now)
    for days in (18, 24, 30, 80):
        house.work(NOW + days * DAY)
    assert told(house, "unengaged") == 2
    assert contact(house, ana).sunset_at is None


def test_the_silence_ends_where_the_question_is_lost_on_its_way(engine: Engine) -> None:
    """Somebody leaves its topic before it went out, and what waited is looked at."""
    still = replace(asking(), topic="News", steps=(step("still-there", day(8), Kind.WIN_BACK),))
    house = town(engine, still)
    ana = house.sign_up().contact_id
    agree(house, ana, "News")
    house.work()
    house.work(ASKED)
    house.work(NOW + 18 * DAY)
    assert contact(house, ana).sunset_at == ASKED
    assert house.states(ana)["letter-2"] == "held"
    leave(house, ana, "News")
    house.work(NOW + 19 * DAY)
    assert contact(house, ana).sunset_at is None
    assert house.states(ana)["letter-2"] == "sent"


def test_leaving_its_topic_does_not_end_the_silence_once_the_question_is_out(house: House) -> None:
    ana = asked(house)
    leave(house, ana, "Tips and ideas")
    assert contact(house, ana).sunset_at == ASKED
    house.work(ASKED + SUNSET.silence)
    assert sorted(suppressed(house)) == ["unengaged", "unsubscribed"]


def agree(house: House, contact_id: int, topic: str) -> None:
    with house.begin() as session:
        session.add(
            Consent(contact_id=contact_id, topic=topic, act="confirmed", basis="consent", at=NOW, source="form")
        )
