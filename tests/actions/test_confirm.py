"""A signup of a double opt-in form counts once whoever owns the address has confirmed it, and once."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine, delete, select, update
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from service.actions.ask_to_confirm import ask_to_confirm
from service.actions.confirm import Confirmed, confirm
from service.actions.erase import erase
from service.actions.resolve import resolve
from service.actions.sign_up import Evidence, SignedUp
from service.actions.suppress import suppress
from service.actions.system_mail import Request, look_at_request
from service.actions.unsubscribe import unsubscribe
from service.domain.contact import read_address
from service.domain.sequence.model.business import Business, Topic
from service.domain.sequence.model.consent import ConsentPolicy
from service.domain.sequence.model.form import Form
from service.domain.sequence.vocabulary import Kind
from service.domain.system_mail import SystemMail
from service.ports import Uncertain
from service.store.contact import Consent, Contact, Suppression
from service.store.delivery import Delivery
from service.store.enrolment import Enrolment
from service.store.event import Event
from service.store.history import read_standings
from tests.actions.house import KEY, House
from tests.domain.stories import BUSINESS, at, day, letters, step
from tests.rendering.studio import BASE, SIGNER, opened, renderer, text_of, written

TIPS, LETTER, CLIENTS = "Tips and ideas", "Letter", "Your project"
DOUBLE = Form("checklist", "The checklist", topics=(TIPS,), double_opt_in=True, consent="Yes, write to me.")
SECOND = Form("webinar", "The webinar", topics=(LETTER,), double_opt_in=True, consent="Yes, the letter.")
ASKED = Evidence("203.0.113.7", "Firefox", "https://glow.example/", "Yes, write to me.", "checklist")
PRESSED = Evidence("198.51.100.9", "Safari", "https://mail.glow.example/confirm")
UNSURE = Uncertain("the line was cut")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def shop() -> Business:
    topics = (Topic(TIPS), Topic(LETTER), Topic(CLIENTS, "client"), Topic("Your appointments", "service"))
    return replace(BUSINESS, topics=topics, forms=(DOUBLE, SECOND))


@pytest.fixture
def house(engine: Engine) -> House:
    return House(engine, letters(step("hello", day(0), Kind.SERVICE), step("more", day(2))), business=shop())


def ask(house: House, who: str = "ana@example.org", form: Form = DOUBLE, **fields: str) -> SignedUp:
    with house.begin() as session:
        return ask_to_confirm(session, house.published, KEY, form, read_address(who), fields, ASKED, house.now)


def request_of(house: House, contact_id: int) -> Enrolment:
    with house.begin() as session:
        mine = (Enrolment.contact_id == contact_id, Enrolment.sequence == SystemMail.CONFIRM)
        return session.scalars(select(Enrolment).where(*mine).order_by(Enrolment.id.desc()).limit(1)).one()


def press(house: House, contact_id: int) -> Confirmed | None:
    number = request_of(house, contact_id).id
    with house.begin() as session:
        return confirm(session, house.published, KEY, number, PRESSED, house.now)


def state_of(house: House, contact_id: int) -> Request:
    number = request_of(house, contact_id).id
    with house.begin() as session:
        return look_at_request(session, number, SystemMail.CONFIRM, house.now).state


def consents(house: House, contact_id: int) -> list[Consent]:
    with house.begin() as session:
        return list(session.scalars(select(Consent).where(Consent.contact_id == contact_id).order_by(Consent.id)))


def contact(house: House, contact_id: int) -> Contact:
    with house.begin() as session:
        return session.get_one(Contact, contact_id)


def entered(house: House, contact_id: int) -> list[str]:
    with house.begin() as session:
        rows = select(Enrolment.sequence).where(Enrolment.contact_id == contact_id).order_by(Enrolment.id)
        return [each for each in session.scalars(rows) if each != SystemMail.CONFIRM]


def lines(house: House) -> set[tuple[str | None, str]]:
    with house.begin() as session:
        return {(line.topic, line.reason) for line in session.scalars(select(Suppression))}


def test_nothing_but_one_mail_comes_of_a_signup_until_it_is_confirmed(house: House) -> None:
    ana = ask(house, first_name="Ana").contact_id
    house.work()
    assert house.mails() == [("ana@example.org", "mail")]
    assert entered(house, ana) == []
    assert contact(house, ana).first_name is None
    (asked,) = consents(house, ana)
    assert (asked.act, asked.topic, asked.form, asked.channel) == ("requested", TIPS, "checklist", "email")
    assert (asked.address, asked.user_agent, asked.page) == ("203.0.113.7", "Firefox", "https://glow.example/")
    with house.begin() as session:
        assert session.scalars(select(Event)).all() == []
        standing = read_standings(session, [session.get_one(Contact, ana)], house.now)[ana]
    assert standing.agreed_to(house.now) == frozenset()


@pytest.mark.parametrize("known", [False, True])
def test_whoever_agrees_to_calls_alone_is_asked_nothing_by_mail_and_that_counts_with_its_evidence(
    house: House, known: bool
) -> None:
    if known:
        press(house, ask(house, first_name="Ana").contact_id)
        house.work()
    mails, calls = house.mails(), replace(ASKED, mail=False, channels=(("phone", "Yes, call me."),))
    with house.begin() as session:
        fields, address = {"phone": "030 5550123", "first_name": "Eve"}, read_address("ana@example.org")
        ana = ask_to_confirm(session, house.published, KEY, DOUBLE, address, fields, calls, house.now).contact_id
    house.work()
    assert house.mails() == mails
    said = consents(house, ana)[-1]
    assert (said.act, said.channel, said.topic, said.wording) == ("confirmed", "phone", None, "Yes, call me.")
    assert (said.address, said.user_agent, said.page) == (ASKED.address, ASKED.user_agent, ASKED.page)
    assert (contact(house, ana).phone, contact(house, ana).first_name) == ("030 5550123", "Ana" if known else "Eve")
    assert entered(house, ana) == (["letters"] if known else [])


def test_the_button_lets_it_happen_with_the_evidence_of_both_moments(house: House) -> None:
    ana = ask(house, first_name="Ana", vegan="yes").contact_id
    house.work()
    house.set_time(house.now + HOUR)
    assert press(house, ana) == Confirmed(ana, ("checklist",))
    house.work()
    assert house.mails() == [("ana@example.org", "mail"), ("ana@example.org", "hello")]
    known = contact(house, ana)
    assert (known.first_name, known.fields) == ("Ana", {"vegan": "yes"})
    asked, said = consents(house, ana)
    assert (said.act, said.topic, said.form) == ("confirmed", TIPS, "checklist")
    assert (said.address, said.user_agent, said.page) == ("198.51.100.9", "Safari", "https://mail.glow.example/confirm")
    assert said.wording == asked.wording == "Yes, write to me."
    assert said.version == asked.version is not None
    assert said.at == asked.at + HOUR
    with house.begin() as session:
        (event,) = session.scalars(select(Event))
    assert (event.name, event.at, event.data) == ("signup", house.now, {"form": "checklist"})


def test_the_button_works_once(house: House) -> None:
    ana = ask(house).contact_id
    assert state_of(house, ana) is Request.OPEN
    assert press(house, ana)
    assert press(house, ana) is None
    assert state_of(house, ana) is Request.DONE
    assert len(consents(house, ana)) == 2
    with house.begin() as session:
        unsubscribe(session, house.published, ana, house.now)
    assert press(house, ana) is None, "an old mail brings nobody back who left since"
    assert lines(house) == {(None, "unsubscribed")}


def test_a_thousand_signups_of_one_address_are_one_mail_a_window(house: House) -> None:
    for number in range(20):
        ana = ask(house, first_name=f"Buy {number}").contact_id
    house.work()
    assert len(house.mails()) == 1
    assert len(consents(house, ana)) == 1
    times = [HOUR, 3 * HOUR, 7 * HOUR, 15 * HOUR]  # each window is twice as long
    start = house.now
    for count, after in enumerate(times, 2):
        house.set_time(start + after - HOUR / 2)
        ask(house)
        house.work()
        assert len(house.mails()) == count - 1
        house.set_time(start + after)
        ask(house)
        house.work()
        assert len(house.mails()) == count
    assert press(house, ana)
    assert entered(house, ana) == ["letters"]


def test_what_was_signed_up_for_meanwhile_is_confirmed_with_it(house: House) -> None:
    ana = ask(house, first_name="Ana").contact_id
    house.set_time(house.now + HOUR / 60)
    ask(house, form=SECOND, last_name="García")
    house.work()
    assert len(house.mails()) == 1
    assert press(house, ana) == Confirmed(ana, ("checklist", "webinar"))
    known = contact(house, ana)
    assert (known.first_name, known.last_name) == ("Ana", "García")
    assert [(each.act, each.topic, each.wording) for each in consents(house, ana)] == [
        ("requested", TIPS, "Yes, write to me."),
        ("requested", LETTER, "Yes, write to me."),
        ("confirmed", TIPS, "Yes, write to me."),
        ("confirmed", LETTER, "Yes, write to me."),
    ]


def test_whoever_does_not_answer_is_reminded_once_and_is_no_subscriber(house: House) -> None:
    ana = ask(house, first_name="Ana").contact_id
    house.work()
    start = house.now
    house.work(start + 2 * DAY - HOUR)
    assert [step for _, step in house.mails()] == ["mail"]
    house.work(start + 2 * DAY)
    for days in (3, 4, 5, 6):
        house.work(start + days * DAY)
    assert [step for _, step in house.mails()] == ["mail", "reminder"]
    house.work(start + 7 * DAY)
    assert state_of(house, ana) is Request.LATE
    assert press(house, ana) is None
    assert request_of(house, ana).data == {"form": "checklist", "language": None}, "nothing that was typed is kept"
    assert [each.act for each in consents(house, ana)] == ["requested"]
    assert entered(house, ana) == []
    assert ask(house).contact_id == ana
    house.work()
    assert [step for _, step in house.mails()] == ["mail", "reminder", "mail"]


def test_whoever_left_since_is_not_reminded(house: House) -> None:
    ana = ask(house).contact_id
    house.work()
    start = house.now
    house.set_time(start + DAY)
    with house.begin() as session:
        unsubscribe(session, house.published, ana, house.now)
    house.work(start + 3 * DAY)
    assert [step for _, step in house.mails()] == ["mail"]
    assert state_of(house, ana) is Request.OPEN, "the button works all the same"


def test_a_business_that_reminds_nobody(engine: Engine) -> None:
    business = replace(shop(), consent=ConsentPolicy(remind_after=None))
    house = House(engine, letters(step("hello", day(0), Kind.SERVICE)), business=business)
    ana = ask(house).contact_id
    house.work()
    for days in (2, 4, 7):
        house.work(at("2026-11-20 10:00") + days * DAY)
    assert [step for _, step in house.mails()] == ["mail"]
    assert state_of(house, ana) is Request.LATE


def test_whoever_agrees_to_it_already_is_signed_up_at_once(house: House) -> None:
    ana = ask(house).contact_id
    press(house, ana)
    house.set_time(house.now + DAY)
    again = ask(house, last_name="García")
    assert (again.contact_id, contact(house, ana).last_name) == (ana, "García")
    assert request_of(house, ana).state == "finished"
    assert [each.act for each in consents(house, ana)] == ["requested", "confirmed", "confirmed"]


def test_only_a_confirmation_lifts_an_unsubscribe_and_of_nothing_else(house: House) -> None:
    ana = ask(house).contact_id
    press(house, ana)
    with house.begin() as session:
        unsubscribe(session, house.published, ana, house.now)
    house.sign_up("ana@example.org")
    assert lines(house) == {(None, "unsubscribed")}, "a single opt-in lifts nothing"
    house.set_time(house.now + DAY)
    ask(house)
    assert lines(house) == {(None, "unsubscribed")}
    assert press(house, ana)
    assert lines(house) == {(LETTER, "unsubscribed"), (CLIENTS, "unsubscribed")}
    with house.begin() as session:
        standing = read_standings(session, [session.get_one(Contact, ana)], house.now)[ana]
    assert standing.agreed_to(house.now) == {TIPS}


@pytest.mark.parametrize("reason", ["complained", "bounced", "manual"])
def test_nothing_but_a_person_lifts_a_complaint(house: House, reason: str) -> None:
    ana = ask(house).contact_id
    house.work()
    with house.begin() as session:
        suppress(session, session.get_one(Contact, ana), house.now, topic=None, reason=reason, source="test")
    assert press(house, ana)
    assert lines(house) == {(None, reason)}
    house.work()
    assert [step for _, step in house.mails()] == ["mail"]


@pytest.mark.parametrize(("reason", "leaves"), [("complained", 0), ("bounced", 0), ("unsubscribed", 1)])
def test_a_system_mail_is_asked_about_once_more_when_it_leaves(house: House, reason: str, leaves: int) -> None:
    ana = ask(house).contact_id
    house.decide()
    with house.begin() as session:
        suppress(session, session.get_one(Contact, ana), house.now, topic=None, reason=reason, source="test")
    house.work()
    assert len(house.mails()) == leaves
    ((_, state, why),) = house.touches(ana)
    assert state == ("sent" if leaves else "cancelled")
    assert leaves or (why or "").startswith("Not sent: The person ")


def test_a_mail_that_was_not_sent_yet_is_cancelled_by_the_button(house: House) -> None:
    ana = ask(house).contact_id
    house.decide()
    press(house, ana)
    house.work()
    assert ("mail", "cancelled", "Not sent: The signup was confirmed.") in house.touches(ana)
    assert [step for _, step in house.mails()] == ["hello"]


def test_a_known_contact_is_not_changed_before(house: House) -> None:
    ana = house.sign_up("ana@example.org", first_name="Ana").contact_id
    before = contact(house, ana)
    ask(house, form=SECOND, first_name="Buy now", last_name="at example.com", timezone="Asia/Tokyo")
    after = contact(house, ana)
    for name in ("first_name", "last_name", "timezone", "fields", "email", "language", "source"):
        assert getattr(before, name) == getattr(after, name)


def test_twenty_who_press_at_once_are_one(engine: Engine, house: House) -> None:
    ana = ask(house, first_name="Ana").contact_id
    number = request_of(house, ana).id

    def one(_: int) -> Confirmed | None:
        with Session(engine) as session, session.begin():
            return confirm(session, house.published, KEY, number, PRESSED, house.now)

    with ThreadPoolExecutor(20) as threads:
        done = list(threads.map(one, range(20)))
    assert sum(each is not None for each in done) == 1
    assert entered(house, ana) == ["letters"]
    assert [each.act for each in consents(house, ana)] == ["requested", "confirmed"]


def test_fifty_who_sign_up_at_once_are_asked_once(engine: Engine, house: House) -> None:
    def one(_: int) -> None:
        with Session(engine) as session, session.begin():
            ask_to_confirm(session, house.published, KEY, DOUBLE, read_address("ana@example.org"), {}, ASKED, house.now)

    with ThreadPoolExecutor(20) as threads:
        list(threads.map(one, range(50)))
    house.work()
    assert house.mails() == [("ana@example.org", "mail")]
    with house.begin() as session:
        assert len(session.scalars(select(Enrolment)).all()) == 1
        assert len(session.scalars(select(Consent)).all()) == 1


def test_a_consent_is_never_changed_and_goes_with_its_person_alone(house: House) -> None:
    ana = ask(house).contact_id
    for statement in (
        update(Consent).values(wording="No."),
        update(Consent).values(act="confirmed"),
        update(Consent).values(address="192.0.2.1"),
        delete(Consent),
    ):
        with pytest.raises((DBAPIError, IntegrityError), match="append-only"), house.begin() as session:
            session.execute(statement)
    with house.begin() as session:
        session.execute(update(Consent).values(address=None, user_agent=None))  # where from may be forgotten in time
    with house.begin() as session:
        assert erase(session, ana)
    assert consents(house, ana) == []


def test_an_expected_visit_or_another_sequence_does_not_end_a_request(house: House) -> None:
    ana = ask(house).contact_id
    house.work()
    with house.begin() as session:
        session.execute(update(Enrolment).values(wake_at=house.now))  # as any event does
    house.work()
    assert state_of(house, ana) is Request.OPEN
    assert request_of(house, ana).wake_at == house.now + 2 * DAY


def test_an_uncertain_confirmation_is_sent_again_because_a_person_says_so(house: House) -> None:
    ana = ask(house).contact_id
    house.postman.answers["ana@example.org"] = UNSURE
    house.work()
    with house.begin() as session:
        (delivery,) = session.scalars(select(Delivery))
        assert (delivery.state, delivery.priority, delivery.expires_at) == ("uncertain", 0, at("2026-11-27 10:00"))
        assert resolve(session, house.published, delivery.id, "resend", "Mia", house.now)
    del house.postman.answers["ana@example.org"]
    house.work()
    assert house.states(ana) == {"mail": "sent"}
    assert house.mails() == [("ana@example.org", "mail")]


def test_the_mail_that_leaves_carries_the_link_that_confirms(house: House) -> None:
    house.clerk = renderer(written())  # type: ignore[assignment]
    ask(house, first_name="BUY NOW")
    house.work()
    (mail,) = house.postman.taken
    assert opened(mail)["Subject"] == "Please confirm: The checklist"
    (token,) = set(re.findall(rf"{BASE}/confirm/(\S+)", text_of(mail)))
    number = SIGNER.read("confirm", token)
    assert number
    assert "BUY" not in text_of(mail)
    with house.begin() as session:
        assert confirm(session, house.published, KEY, int(number), PRESSED, house.now)
