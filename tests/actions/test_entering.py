"""Entering, and entering again: signups that repeat, triggers side by side, what is told late or is on its way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Engine

from service.actions.sign_up import Evidence, sign_up
from service.domain.contact import read_address
from service.ports import Message, Outcome
from service.store.contact import Contact
from tests.actions.house import FORM, KEY
from tests.actions.written import APPOINTMENT, ON_BOOKING, Written
from tests.domain.stories import at

HEAD = """
---
title: {title}
stage: nurture
topic: {topic}
enrol:
  on: {on}
{more}---
"""
CHECKLIST = HEAD.format(title="Checklist", topic="Tips and ideas", on="signup", more="") + (
    "\n## Day 0: your checklist\nKind: service\nSubject: Your checklist\n\nHere it is.\n"
)


def head(on: str = "signup", more: str = "", topic: str = "Tips and ideas") -> str:
    return HEAD.format(title="Letters", topic=topic, on=on, more=more)


def test_a_second_signup_stops_at_once_what_it_stops_on_claimed_mail_too(engine: Engine) -> None:
    letters = head(more="stop:\n  - when: contact.phone\n") + "\n## Day 0 at 12:00: hello\nSubject: Hello\n\nReady?\n"
    house = Written(engine, letters=letters)
    ana = house.sign_up().contact_id
    house.set_time(at("2026-11-20 11:00"))
    house.decide()
    assert house.states(ana) == {"hello": "cleared"}
    house.sign_up(phone="+49 30 5550123")
    house.work()
    assert house.states(ana) == {"hello": "cancelled"}


def test_ones_own_signup_does_not_stop_what_it_begins_and_the_next_one_does(engine: Engine) -> None:
    letters = head(more="stop:\n  - event: signup\n") + (
        "\n## Day 0: hello\nKind: service\nSubject: Hello\n\nReady?\n\n## Day 9: more\nSubject: More\n\nReady?\n"
    )
    house = Written(engine, letters=letters)
    ana = house.sign_up().contact_id
    house.work()
    assert house.states(ana)["hello"] == "sent"
    house.set_time(at("2026-11-20 10:30"))
    house.sign_up()
    house.work()
    assert [each.why for each in house.enrolments(ana)] == ["Stopped: “signup” happened."]


def test_who_asks_again_gets_the_checklist_again_whatever_else_the_form_begins(engine: Engine) -> None:
    always = head(more="  again: always\n") + "\n## Day 5: more\nSubject: More\n\nReady?\n"
    house = Written(engine, checklist=CHECKLIST, letters=always)
    ana = house.sign_up().contact_id
    house.work()
    house.set_time(at("2026-11-20 14:00"))
    house.sign_up()
    house.work()
    assert [step for _, step in house.sent(ana)] == ["your-checklist", "your-checklist"]


def test_what_was_asked_for_again_comes_though_the_sequence_has_run_its_course(engine: Engine) -> None:
    more = "\n## Day 1 at 12:00: never\nIf: contact.phone\nSubject: Never\n\nReady?\n"
    house = Written(engine, checklist=CHECKLIST + more)
    ana = house.sign_up().contact_id
    house.work()
    house.set_time(at("2026-11-21 11:00"))
    house.sign_up()
    house.work()
    assert [each.state for each in house.enrolments(ana)] == ["finished"]
    assert [step for _, step in house.sent(ana)] == ["your-checklist", "your-checklist"]


def test_a_tag_lets_in_whom_a_date_would_have_let_in_later(engine: Engine) -> None:
    both = """
---
title: Birthday gift
stage: delight
topic: Tips and ideas
enrol:
  on: [date, tagged vip]
  again: never
date: contact.birthday
---

## Day 0: gift
Kind: service
Subject: A gift

Yours?
"""
    house = Written(engine, gift=both)
    ana = house.sign_up().contact_id
    house.change(ana, columns={"birthday": "12-24"})
    assert [each.state for each in house.enrolments(ana)] == ["awaited"]
    house.change(ana, tags=("vip",))
    house.live_until(at("2027-12-30 00:00"))
    assert [step for _, step in house.sent(ana)] == ["gift"]


def test_a_cancellation_that_is_told_late_with_its_booking_counts(engine: Engine) -> None:
    house = Written(engine, appointment=APPOINTMENT)
    ana = house.sign_up().contact_id
    house.tell(ana, "appointment.booked", "A1", at("2026-11-20 08:00"), starts="2026-11-25T16:00:00+01:00")
    house.tell(ana, "appointment.cancelled", "A1", at("2026-11-20 09:00"))
    house.tell(ana, "appointment.booked", "A2", at("2026-11-20 08:30"), starts="2026-11-26T16:00:00+01:00")
    house.live_until(at("2026-11-30 00:00"))
    assert house.sent(ana) == [("2026-11-25 10:00", "tomorrow"), ("2026-11-26 18:00", "thanks")]
    assert [each.state for each in house.enrolments(ana)] == ["stopped", "finished"]


def test_a_dated_mail_on_its_way_ends_nothing_and_what_rides_on_it_is_done(engine: Engine) -> None:
    """While the provider has not answered, something happens, and another worker looks at the person."""
    reminder = "\n## 1 day before at 10:00: tomorrow\nSubject: See you tomorrow\nTag: +reminded\n\nUntil then?\n"
    dated = ON_BOOKING.format(more="") + reminder
    house = Written(engine, appointment=dated)
    ana = house.sign_up().contact_id
    house.tell(ana, "appointment.booked", "A1", starts="2026-11-25T16:00:00+01:00")
    take = house.postman.send

    def slowly(
        messages: Sequence[Message], start_by: float, at_once: int = 0, meanwhile: object = None
    ) -> list[Outcome]:
        house.tell(ana, "reply")
        house.decide()
        return take(messages, start_by)

    house.postman.send = slowly  # type: ignore[method-assign]
    house.live_until(at("2026-11-26 00:00"))
    with house.begin() as session:
        assert session.get_one(Contact, ana).tags == ["reminded"]
    assert [step for _, step in house.sent(ana)] == ["tomorrow"]


def test_a_stop_that_looks_at_another_sequence_is_asked_while_a_mail_waits(engine: Engine) -> None:
    letters = head(more='stop:\n  - when: done("marks/mark")\n') + (
        "\n## Day 0: hello\nSubject: Hello\nWindow: Mon-Fri 20:00-21:00\n\nReady?\n"
    )
    marks = head() + "\n## 2 hours later: mark\nTag: +marked\n"
    house = Written(engine, letters=letters, marks=marks)
    ana = house.sign_up().contact_id
    house.live_until(at("2026-11-21 00:00"))
    assert house.states(ana) == {"hello": "cancelled", "mark": "done"}


def test_who_left_before_their_day_had_not_entered(engine: Engine) -> None:
    leaver = head(on="tagged off") + "\n## Day 0: off\nLeave: all\n"
    birthday = (
        head(on="date", more="date: contact.birthday\n") + "\n## On the day at 09:00: today\nSubject: Hi\n\nCake?\n"
    )
    house = Written(engine, leaver=leaver, birthday=birthday)
    ana = house.sign_up().contact_id
    house.change(ana, columns={"birthday": "12-24"})
    house.change(ana, tags=("off",))
    house.work()
    assert {each.sequence: each.state for each in house.enrolments(ana)} == {
        "birthday": "declined",
        "leaver": "finished",
    }


def test_a_form_of_ones_own_counts_as_any(engine: Engine) -> None:
    house = Written(engine, checklist=CHECKLIST)
    other = replace(FORM, slug="other")
    with house.begin() as session:
        signed = sign_up(
            session, house.published, KEY, other, read_address("ana@example.org"), {}, Evidence(), house.now
        )
    house.work()
    assert [step for _, step in house.sent(signed.contact_id)] == ["your-checklist"]


def test_two_steps_may_let_somebody_in_twice_where_the_other_file_allows_it(engine: Engine) -> None:
    twice = head() + "\n## Day 0: one\nEnrol: more\n\n## Day 1: two\nEnrol: more\n"
    more = head(on="manual", more="  again: always\n") + "\n## Day 0: more\nKind: service\nSubject: More\n\nReady?\n"
    house = Written(engine, twice=twice, more=more)
    ana = house.sign_up().contact_id
    house.live_until(at("2026-11-23 00:00"))
    assert [step for _, step in house.sent(ana)] == ["more", "more"]
