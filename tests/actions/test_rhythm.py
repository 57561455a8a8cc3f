"""Nudges by a person's own rhythm, and what is sent when they fall silent."""

from __future__ import annotations

from sqlalchemy import Engine

from tests.actions.written import Written
from tests.domain.stories import at

AGAIN = """
---
title: Time again?
stage: rebooking
topic: Your visits
enrol:
  on: rhythm visit.completed
---

## 5 days before at 10:00: soon
Subject: Soon

Will you come?

## 5 days after at 10:00: overdue
Subject: A chair for you

Will you come?
"""

QUIET = """
---
title: We miss you
stage: rebooking
kind: win-back
topic: Your visits
enrol:
  on: quiet visit.completed for 1.75 rhythms
stop:
  - event: visit.completed
---

## Day 0 at 10:00: miss
Subject: We miss you

Will you come?

## 0.5 rhythms later at 10:00: still
Subject: Still there?

Shall we stop?
"""


def test_the_nudge_comes_around_the_expected_visit(engine: Engine) -> None:
    house = Written(engine, again=AGAIN)
    ana = house.sign_up().contact_id
    house.tell(ana, "visit.completed", "V1", service="Cut")  # 20 November; six weeks later is 1 January
    house.live_until(at("2027-02-01 00:00"))
    assert house.sent(ana) == [("2026-12-27 10:00", "soon"), ("2027-01-06 10:00", "overdue")]


def test_the_persons_own_gaps_pull_the_expected_day(engine: Engine) -> None:
    house = Written(engine, again=AGAIN)
    ana = house.sign_up().contact_id
    for number, day in enumerate(("2026-09-25 10:00", "2026-10-23 10:00", "2026-11-20 10:00")):
        house.tell(ana, "visit.completed", f"V{number}", at(day), service="Cut")
    # (3 × 42 + 28 + 28) / 5 = 36.4 days after 20 November
    (awaited,) = house.enrolments(ana)
    assert awaited.date_at is not None
    assert awaited.date_at == at("2026-12-25 23:00")


def test_two_visits_in_a_week_make_one_nudge(engine: Engine) -> None:
    house = Written(engine, again=AGAIN)
    ana = house.sign_up().contact_id
    house.tell(ana, "visit.completed", "V1", service="Cut")
    house.work(at("2026-11-24 10:00"))
    house.tell(ana, "visit.completed", "V2", service="Colour")
    house.live_until(at("2027-02-01 00:00"))
    assert [step for _, step in house.sent(ana)] == ["soon", "overdue"]
    assert [each.trigger_key for each in house.enrolments(ana)] == ["V2"]


def test_a_booking_silences_it_before_and_after_it_began(engine: Engine) -> None:
    house = Written(engine, again=AGAIN)
    ana = house.sign_up().contact_id
    bea = house.sign_up("bea@example.org").contact_id
    for person in (ana, bea):
        house.tell(person, "visit.completed", f"V{person}", service="Cut")
    house.tell(ana, "appointment.booked", "A1", starts="2027-01-03T10:00:00+01:00")
    house.live_until(at("2026-12-28 00:00"))
    assert (house.sent(ana), [step for _, step in house.sent(bea)]) == ([], ["soon"])
    house.tell(bea, "appointment.booked", "A2", starts="2027-01-04T10:00:00+01:00")
    house.live_until(at("2027-01-10 00:00"))
    assert [step for _, step in house.sent(bea)] == ["soon"]
    (over,) = house.enrolments(bea)
    assert (over.state, over.why) == ("stopped", "Stopped: an appointment is booked.")


def test_a_cancelled_booking_lets_the_nudge_speak_again(engine: Engine) -> None:
    house = Written(engine, again=AGAIN)
    ana = house.sign_up().contact_id
    house.tell(ana, "visit.completed", "V1", service="Cut")
    house.tell(ana, "appointment.booked", "A1", starts="2027-01-03T10:00:00+01:00")
    house.live_until(at("2026-12-28 00:00"))
    house.tell(ana, "appointment.cancelled", "A1")
    house.live_until(at("2027-02-01 00:00"))
    assert [step for _, step in house.sent(ana)] == ["overdue"]


def test_the_quiet_are_missed_and_a_visit_ends_it(engine: Engine) -> None:
    house = Written(engine, quiet=QUIET)
    ana = house.sign_up().contact_id
    house.tell(ana, "visit.completed", "V1", service="Cut")  # 1.75 × 42 days: 1 February, 73.5 rounded to even
    house.live_until(at("2027-02-10 00:00"))
    assert [step for _, step in house.sent(ana)] == ["miss"]
    house.tell(ana, "visit.completed", "V2", service="Cut")
    house.live_until(at("2027-03-20 00:00"))
    assert [step for _, step in house.sent(ana)] == ["miss"]
    assert [each.state for each in house.enrolments(ana)] == ["stopped", "awaited"]


def test_a_worker_that_comes_late_lets_nobody_in_behind_their_time(engine: Engine) -> None:
    """The engine looks a moment after the first step fell due, and a `before` step must not be missed by that."""
    house = Written(engine, again=AGAIN)
    ana = house.sign_up().contact_id
    house.tell(ana, "visit.completed", "V1", service="Cut")
    house.work(at("2026-12-27 09:01"))
    assert house.sent(ana) == [("2026-12-27 10:01", "soon")]
