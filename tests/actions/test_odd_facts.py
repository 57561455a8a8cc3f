"""What is odd about one person holds up nobody else, and what can't be done is said rather than half done."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, update

from service.actions.enrol_by_hand import NotLetIn, enrol_by_hand
from service.store.contact import Contact, lock_contacts
from service.store.delivery import Delivery
from tests.actions.written import APPOINTMENT, ON_SIGNUP, Written
from tests.domain.stories import at

LETTER = (
    ON_SIGNUP.format(more="")
    + """
## Day 0 at 12:00: hello
Subject: Hello

Are you there?
"""
)


def test_a_time_zone_that_is_none_holds_up_nobody(engine: Engine) -> None:
    house = Written(engine, welcome=LETTER)
    ana, bea = (house.sign_up(email).contact_id for email in ("ana@example.org", "bea@example.org"))
    with house.begin() as session:
        session.execute(update(Contact).where(Contact.id == ana).values(timezone="Nowhere/Land"))
    house.live_until(at("2026-11-21 00:00"))
    assert house.sent(ana) == house.sent(bea) == [("2026-11-20 12:00", "hello")]


SETS = (
    ON_SIGNUP.format(more="")
    + """
## Day 0: told
Subject: Hello
Kind: service
{actions}

Are you there?

## 1 day later: mark
Tag: +marked
{actions}
"""
)


@pytest.mark.parametrize("field", ["timezone", "stage", "birthday", "review_date", "client_since"])
def test_what_a_field_cannot_hold_is_not_set_and_the_touch_says_so(engine: Engine, field: str) -> None:
    house = Written(engine, welcome=SETS.format(actions=f"Set: contact.{field} = contact.wish"))
    ana = house.sign_up().contact_id
    house.change(ana, fields={"wish": "Nowhere/Land"})
    house.live_until(at("2026-11-22 12:00"))
    told, mark = house.touches(ana)
    for step, state, reason in (told, mark):
        assert state == ("sent" if step == "told" else "done")
        assert f"`contact.{field}` can't hold this" in str(reason)
    with house.begin() as session:
        contact = session.get_one(Contact, ana)
        assert (contact.timezone, contact.stage, contact.birthday, contact.client_since) == (None, "lead", None, None)
        assert (contact.fields, contact.tags) == ({"wish": "Nowhere/Land"}, [])


def test_a_field_keeps_the_type_that_it_was_declared_with(engine: Engine) -> None:
    actions = "Set: contact.review_date = today\nSet: contact.client_since = today\nSet: contact.birthday = today"
    house = Written(engine, welcome=SETS.format(actions=actions))
    ana = house.sign_up().contact_id
    house.work()
    with house.begin() as session:
        contact = session.get_one(Contact, ana)
        assert contact.fields == {"review_date": "2026-11-20"}
        assert (contact.birthday, contact.client_since) == ("11-20", at("2026-11-19 23:00"))


@pytest.mark.parametrize("starts", ["9999-12-31T23:59:59", "0001-01-01", "soon", 7, None])
def test_by_hand_a_date_that_is_none_is_refused_in_a_sentence(engine: Engine, starts: object) -> None:
    house = Written(engine, welcome=LETTER, appointment=APPOINTMENT)
    ana = house.sign_up().contact_id
    with house.begin() as session:
        lock_contacts(session, [ana])
        sequence = house.published.library.sequence("appointment")
        assert sequence is not None
        contact = session.get_one(Contact, ana)
        with pytest.raises(NotLetIn, match=r"counts from `event.starts`, and here that is no date\."):
            enrol_by_hand(session, house.published, contact, sequence, {"starts": starts}, house.now)


MOVED = (
    ON_SIGNUP.format(more="")
    + """
## Day 11 at 00:00: learn
Set: contact.birthday = "03-03"
"""
)
BIRTHDAY = """
---
title: Happy birthday
stage: delight
topic: Tips and ideas
enrol:
  on: date
date: contact.birthday
---

## On the day at 09:00: today
Subject: Happy birthday

Cake?
"""


@pytest.mark.parametrize("value", ['"03-03"', "none"])
def test_who_is_awaited_may_be_moved_or_taken_away_in_the_very_batch_that_lets_them_in(
    engine: Engine, value: str
) -> None:
    house = Written(engine, a_welcome=MOVED.replace('"03-03"', value), birthday=BIRTHDAY)
    ana = house.sign_up().contact_id
    house.change(ana, columns={"birthday": "12-01"})
    house.live_until(at("2027-03-10 00:00"))
    assert house.sent(ana) == ([("2027-03-03 09:00", "today")] if "03" in value else [])
    assert house.enrolments(ana, "a-welcome")[0].state == "finished"


def test_two_enrolments_of_one_moment_see_what_the_other_did(engine: Engine) -> None:
    one = ON_SIGNUP.format(more="") + "\n## Day 3 at 12:00: mark\nTag: +marked\n"
    two = ON_SIGNUP.format(more="") + '\n## Day 3 at 12:00: see\nIf: done("a-one/mark")\nSubject: Seen\n\nRight?\n'
    house = Written(engine, a_one=one, b_two=two)
    ana = house.sign_up().contact_id
    house.live_until(at("2026-11-24 00:00"))
    assert house.states(ana) == {"mark": "done", "see": "sent"}


def test_what_rides_on_a_mail_is_done_once_when_the_worker_dies_and_answers_late(engine: Engine) -> None:
    met = LETTER.replace("on: signup", "on: tagged met")
    house = Written(engine, welcome=SETS.format(actions="Tag: +met"), met=met)
    ana = house.sign_up().contact_id
    house.decide()

    def dies(messages: object, start_by: float, at_once: int = 0, meanwhile: object = None) -> list[object]:
        house.end_leases()
        house.decide()  # another worker looks after what the dead one left
        with house.begin() as session:
            assert session.get_one(Contact, ana).tags == ["met"]
            session.execute(update(Contact).values(tags=[]))
        raise ConnectionError("the worker dies")

    house.postman.send = dies  # type: ignore[method-assign, assignment]
    with pytest.raises(ConnectionError):
        house.deliver()
    assert house.states(ana)["told"] == "uncertain"
    assert [each.sequence for each in house.enrolments(ana)].count("met") == 1
    with house.begin() as session:
        assert session.query(Delivery).filter_by(step="told").count() == 1
