"""Sequences that count from a date: appointments side by side, birthdays, what is moved, removed or learned late."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Engine

from tests.actions.written import APPOINTMENT, Written
from tests.domain.stories import at

BIRTHDAY = """
---
title: Happy birthday
stage: delight
topic: Tips and ideas
enrol:
  on: date
  when: contact.stage == "client"
date: contact.birthday
---

## 7 days before at 11:00: a week
Subject: Next week

Will you come?

## On the day at 09:00: today
Subject: Happy birthday

Cake?
"""


def test_two_appointments_run_side_by_side_and_only_the_moved_one_moves(engine: Engine) -> None:
    house = Written(engine, appointment=APPOINTMENT)
    ana = house.sign_up().contact_id
    house.tell(ana, "appointment.booked", "A1", starts="2026-11-25T16:00:00+01:00")
    house.tell(ana, "appointment.booked", "A2", starts="2026-12-10T16:00:00+01:00")
    house.work()
    house.tell(ana, "appointment.booked", "A1", starts="2026-11-28T12:00:00+01:00")
    house.live_until(at("2026-12-20 00:00"))
    assert house.sent(ana) == [
        ("2026-11-27 10:00", "tomorrow"),
        ("2026-11-28 14:00", "thanks"),
        ("2026-12-09 10:00", "tomorrow"),
        ("2026-12-10 18:00", "thanks"),
    ]
    assert [each.about for each in house.enrolments(ana)] == ["A1", "A2"]


def test_the_cancelled_one_is_the_one_that_ends(engine: Engine) -> None:
    house = Written(engine, appointment=APPOINTMENT)
    ana = house.sign_up().contact_id
    house.tell(ana, "appointment.booked", "A1", starts="2026-11-25T16:00:00+01:00")
    house.tell(ana, "appointment.booked", "A2", starts="2026-11-27T16:00:00+01:00")
    house.tell(ana, "appointment.cancelled", "A1")
    house.live_until(at("2026-12-20 00:00"))
    assert house.sent(ana) == [("2026-11-26 10:00", "tomorrow"), ("2026-11-27 18:00", "thanks")]
    stopped, finished = house.enrolments(ana)
    assert (stopped.state, stopped.why) == ("stopped", "Stopped: “appointment.cancelled” happened.")
    assert finished.state == "finished"


@pytest.mark.parametrize("seen", [True, False], ids=["after the engine looked", "before it did"])
def test_what_is_booked_after_all_is_reminded_of(engine: Engine, seen: bool) -> None:
    house = Written(engine, appointment=APPOINTMENT)
    ana = house.sign_up().contact_id
    for _ in range(2):
        house.tell(ana, "appointment.booked", "A1", starts="2026-11-25T16:00:00+01:00")
        house.set_time(house.now + timedelta(hours=1))
        house.tell(ana, "appointment.cancelled", "A1")
        if seen:
            house.work()
        house.set_time(house.now + timedelta(hours=1))
    house.tell(ana, "appointment.booked", "A1", starts="2026-11-27T16:00:00+01:00")
    house.tell(ana, "appointment.booked", "A1", starts="2026-11-28T16:00:00+01:00")
    house.live_until(at("2026-12-20 00:00"))
    assert house.sent(ana) == [("2026-11-27 10:00", "tomorrow"), ("2026-11-28 18:00", "thanks")]


def test_a_correction_of_what_is_over_begins_nothing(engine: Engine) -> None:
    house = Written(engine, appointment=APPOINTMENT)
    ana = house.sign_up().contact_id
    house.tell(ana, "appointment.booked", "A1", starts="2026-11-25T16:00:00+01:00")
    house.live_until(at("2026-11-26 00:00"))
    house.tell(ana, "appointment.booked", "A1", starts="2026-11-25T16:00:00+01:00", chair="by the window")
    assert [each.state for each in house.enrolments(ana)] == ["finished"]


def test_an_appointment_moved_into_the_past_gets_no_reminder(engine: Engine) -> None:
    house = Written(engine, appointment=APPOINTMENT)
    ana = house.sign_up().contact_id
    house.tell(ana, "appointment.booked", "A1", starts="2026-12-10T16:00:00+01:00")
    house.work(at("2026-11-22 10:00"))
    house.tell(ana, "appointment.booked", "A1", starts="2026-11-22T08:00:00+01:00")
    house.live_until(at("2026-12-20 00:00"))
    assert [step for _, step in house.sent(ana)] == ["thanks"]
    assert house.states(ana)["tomorrow"] == "expired"


def test_a_mail_that_waits_goes_back_when_its_date_moves(engine: Engine) -> None:
    house = Written(engine, appointment=APPOINTMENT)
    ana = house.sign_up().contact_id
    house.tell(ana, "appointment.booked", "A1", starts="2026-11-25T16:00:00+01:00")
    house.set_time(at("2026-11-24 09:00"))
    house.decide()
    assert house.states(ana)["tomorrow"] == "cleared"
    house.tell(ana, "appointment.booked", "A1", starts="2026-11-30T16:00:00+01:00")
    assert house.deliver() == 0, "the event is not looked at yet, so the intent is not committed"
    house.live_until(at("2026-12-20 00:00"))
    assert house.sent(ana) == [("2026-11-29 10:00", "tomorrow"), ("2026-11-30 18:00", "thanks")]


def test_a_booking_for_today_joins_mid_series(engine: Engine) -> None:
    house = Written(engine, appointment=APPOINTMENT)
    ana = house.sign_up().contact_id
    house.tell(ana, "appointment.booked", "A1", starts="2026-11-20T16:00:00+01:00")
    house.live_until(at("2026-12-20 00:00"))
    assert house.sent(ana) == [("2026-11-20 18:00", "thanks")]
    (reason,) = [reason for step, state, reason in house.touches(ana) if (step, state) == ("tomorrow", "skipped")]
    assert reason == "Passed: its time lay before the person entered."


def test_a_birthday_comes_every_year_and_the_when_is_asked_then(engine: Engine) -> None:
    house = Written(engine, birthday=BIRTHDAY)
    ana = house.sign_up(birthday="02-29").contact_id
    (awaited,) = house.enrolments(ana)
    assert (awaited.state, awaited.trigger_key) == ("awaited", "2027")
    house.tell(ana, "visit.completed", "V1")  # now a client
    house.live_until(at("2028-03-10 00:00"))
    assert house.sent(ana) == [
        ("2027-02-21 11:00", "a-week"),
        ("2027-02-28 09:00", "today"),
        ("2028-02-22 11:00", "a-week"),
        ("2028-02-29 09:00", "today"),
    ]
    assert [each.trigger_key for each in house.enrolments(ana)] == ["2027", "2028", "2029"]


def test_who_is_no_client_when_the_time_comes_is_declined_and_awaited_next_year(engine: Engine) -> None:
    house = Written(engine, birthday=BIRTHDAY)
    ana = house.sign_up(birthday="12-24").contact_id
    house.live_until(at("2027-01-10 00:00"))
    declined, awaited = house.enrolments(ana)
    assert (declined.state, awaited.state, awaited.trigger_key) == ("declined", "awaited", "2027")
    assert house.sent(ana) == []


def test_a_birthday_learned_three_days_before_is_not_replayed(engine: Engine) -> None:
    house = Written(engine, birthday=BIRTHDAY)
    ana = house.sign_up().contact_id
    house.tell(ana, "visit.completed", "V1")
    assert house.enrolments(ana) == []
    house.change(ana, columns={"birthday": "11-23"})
    house.live_until(at("2026-12-01 00:00"))
    assert house.sent(ana) == [("2026-11-23 09:00", "today")]


def test_a_birthday_that_is_corrected_moves_what_waits_and_one_taken_away_ends_it(engine: Engine) -> None:
    house = Written(engine, birthday=BIRTHDAY)
    ana = house.sign_up(birthday="11-25").contact_id
    house.tell(ana, "visit.completed", "V1")
    house.work()
    house.change(ana, columns={"birthday": "11-28"})
    house.live_until(at("2026-11-27 00:00"))
    assert [each.trigger_key for each in house.enrolments(ana)] == ["2026", "2027"]
    house.change(ana, columns={"birthday": None})
    house.live_until(at("2026-12-05 00:00"))
    (ended,) = house.enrolments(ana)
    assert (ended.state, ended.why) == ("stopped", "Stopped: the date it counts from was taken away.")
    assert house.sent(ana) == [], "the week before had passed when she entered, and on the day there was no date"


def test_two_mails_of_one_appointment_that_leave_together_plan_the_next_one_once(engine: Engine) -> None:
    steps = ("## 1 day before at 10:00: bring", "## 1 day before at 10:00: way", "## 2 hours after: thanks")
    first = APPOINTMENT.index("## ")
    words = "\n\n".join(f"{step}\nSubject: Hello\nKind: service\n\nHello.\n" for step in steps)
    house = Written(engine, appointment=APPOINTMENT[:first] + words)
    ana = house.sign_up().contact_id
    house.tell(ana, "appointment.booked", "A1", starts="2026-11-25T16:00:00+01:00")
    house.work(at("2026-11-23 10:00"))
    house.set_time(at("2026-11-24 09:00"))
    house.decide()
    assert not house.mails()
    house.live_until(at("2026-12-01 00:00"))
    assert sorted(house.sent(ana)) == [
        ("2026-11-24 10:00", "bring"),
        ("2026-11-24 10:00", "way"),
        ("2026-11-25 18:00", "thanks"),
    ]
