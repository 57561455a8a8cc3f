"""All that is stored about a person, and nothing about anybody else."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from sqlalchemy import Engine

from service.actions.erase import erase
from service.actions.settle_referral import reward
from service.actions.tell import Told, tell
from service.actions.unsubscribe import unsubscribe
from service.store.access import IdempotentReply
from service.store.contact import Consent, Contact
from service.store.decision import Decision
from service.store.delivery import Delivery, State
from service.store.enrolment import Enrolment
from service.store.event import Event, Hit
from service.store.feedback import ToldFeedback
from service.store.leaving import Leaving
from service.store.merged import MergedContact
from service.store.person import HERSELF, Stored, as_json, read_person, read_suppressions
from service.store.referral import Referral, give_codes
from service.store.reward import Reward
from service.store.tables import Table
from service.store.task import Task
from service.store.traces import OWN
from service.store.webhook_call import WebhookCall
from tests.actions.house import House
from tests.domain.stories import day, letters, step

SHOWN = {
    Consent,
    Decision,
    Delivery,
    Enrolment,
    Event,
    Leaving,
    MergedContact,
    Referral,
    Reward,
    Task,
    ToldFeedback,
    WebhookCall,
}
DOUBLES = {IdempotentReply}  # an answer of the API, kept for a day: what it says stands in the others
# Other spellings of what is shown, and a mark of the machinery's own.
UNTOLD = {"id", "email_key", "address_hash", "caught_up_at"}


@pytest.fixture
def house(engine: Engine) -> House:
    return House(engine, letters(step("hello", day(0)), step("tip", day(3))))


def person(house: House, contact_id: int) -> Stored:
    with house.begin() as session:
        return json.loads(as_json(read_person(session, session.get_one(Contact, contact_id))))


def test_every_table_that_hangs_on_a_person_is_shown() -> None:
    hanging = {
        mapper.class_
        for mapper in Table.registry.mappers
        if any(key.column.table.name == "contact" for key in mapper.local_table.foreign_keys)
        or "contact_id" in mapper.local_table.columns  # one that is kept in parts has no foreign key
    }
    assert hanging == SHOWN | DOUBLES  # what is new here belongs into `read_person`, and into `service.store.traces`


def test_everything_that_hangs_on_a_person_goes_with_them() -> None:
    assert {mine.class_ for mine in OWN.values()} == SHOWN | DOUBLES


def test_every_column_of_a_person_is_shown() -> None:
    assert {column.key for column in Contact.__table__.columns} == {*HERSELF, *UNTOLD}


def test_it_says_what_since_when_and_where_from(house: House) -> None:
    ana = house.sign_up(first_name="Ana").contact_id
    with house.begin() as session:
        seen = Told(ana, "purchase", key="R7", data={"product": "Oil"}, value=Decimal("12.50"), currency="EUR")
        tell(session, house.published, [seen], house.now)
    house.work()
    stored = person(house, ana)
    assert stored["person"]["email"] == "ana@example.org"
    assert stored["person"]["created_at"] == "2026-11-20T10:00:00+00:00"
    (consent,) = stored["consents"]
    assert consent["wording"] == "Yes, please."
    assert (consent["network_address"], consent["user_agent"], consent["page"]) == (
        "203.0.113.7",
        "Firefox",
        "https://glow.example/",
    )
    assert [(each["step"], each["state"]) for each in stored["mails"]] == [("hello", "sent"), ("tip", "planned")]
    assert [(each["name"], each["value"]) for each in stored["events"]] == [("signup", None), ("purchase", "12.50")]
    assert stored["sequences"][0]["state"] == "active"


def test_tasks_calls_and_clicks_stand_in_it_without_the_colleagues(house: House) -> None:
    ana = house.sign_up(first_name="Ana").contact_id
    enrolment = house.enrolment(ana)
    with house.begin() as session:
        mail = Delivery(
            enrolment_id=enrolment.id,
            contact_id=ana,
            step="hello",
            occasion=1,
            priority=0,
            state=State.SENT,
            due_at=house.now,
            message_id="<m@glow.example>",
            staff_to="desk@glow.example",
        )
        task = Task(
            enrolment_id=enrolment.id,
            contact_id=ana,
            what="call",
            assignee="desk@glow.example",
            state="done",
            outcome="reached",
            note="Likes mornings",
            opened_at=house.now,
        )
        call = WebhookCall(contact_id=ana, message_id="w1", name="crm", body={"email": "ana@example.org"})
        session.add_all([mail, task, call])
        session.flush()
        own = session.query(Delivery.id).filter(Delivery.contact_id == ana, Delivery.staff_to.is_(None)).scalar()
        for each in (own, mail.id):
            session.add(
                Hit(
                    at=house.now,
                    journey_at=house.now,
                    delivery_id=each,
                    kind="click",
                    verdict="human",
                    rule="reader",
                    ruleset=1,
                    user_agent="Firefox",
                    nonce=f"n{each}",
                )
            )
    stored = person(house, ana)
    assert [(each["outcome"], each["note"]) for each in stored["tasks"]] == [("reached", "Likes mornings")]
    assert stored["passed_on"][0]["body"] == {"email": "ana@example.org"}
    assert [each["mail"] for each in stored["opens_and_clicks"]] == [own]
    assert "desk" not in as_json(stored)


def test_nothing_of_other_people_stands_in_it(house: House) -> None:
    ana = house.sign_up(first_name="Annabel", email="ana@example.org").contact_id
    with house.begin() as session:
        code = give_codes(session, [ana])[ana]
    bea = house.sign_up("bea@example.com", first_name="Beatrix", ref=code).contact_id
    with house.begin() as session:
        tell(session, house.published, [Told(bea, "purchase")], house.now)
    with house.begin() as session:
        referral = session.query(Referral).one()
        reward(session, house.published, referral.id, "15 €", house.now)
    of_ana, of_bea = person(house, ana), person(house, bea)
    for words in ("Beatrix", "example.com"):
        assert words not in as_json(of_ana)
    for words in ("Annabel", "example.org", code):
        assert words not in as_json(of_bea)
    assert [each["you"] for each in of_ana["referrals"]] == ["brought a friend"]
    assert [each["you"] for each in of_bea["referrals"]] == ["came by a friend"]
    assert [each["name"] for each in of_ana["events"]][1:] == [
        "referral.joined",
        "referral.qualified",
        "referral.rewarded",
    ]
    assert of_ana["events"][-1]["data"] == {"reward": "15 €"}


def test_the_suppression_outlives_the_person_and_is_still_shown(house: House) -> None:
    ana = house.sign_up().contact_id
    with house.begin() as session:
        unsubscribe(session, house.published, ana, house.now)
        key = session.get_one(Contact, ana).address_hash
    assert person(house, ana)["suppressions"][0]["reason"] == "unsubscribed"
    with house.begin() as session:
        erase(session, ana)
    with house.begin() as session:
        assert [each["topic"] for each in read_suppressions(session, key)] == [None]
