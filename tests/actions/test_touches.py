"""Tasks, actions, arms, waits, exits and outages, lived through over a real database."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Engine

from service.actions.settle_task import settle_task
from service.actions.unsubscribe import unsubscribe
from tests.actions.written import ON_SIGNUP, Written
from tests.domain.stories import at

WELCOME = (
    ON_SIGNUP.format(more="")
    + """
## Day 0: a call
Task: call
Assign: front-desk
Due: 1 day
Tag: +called
Set: contact.wish = "tea"

Call {{ contact.first_name or contact.email }}.

[Reached](answer:reached) [Nobody](answer:nobody)

## 1 day later: after the call
Wait for: done("a-call")
Wait up to: 5 days
If: answer("a-call") == "reached"
Subject: It was good to talk

Was it?
"""
)


def test_what_waits_for_a_task_comes_when_it_is_done_and_the_actions_ride_on_it(engine: Engine) -> None:
    house = Written(engine, welcome=WELCOME)
    ana = house.sign_up(first_name="Ana").contact_id
    house.live_until(at("2026-11-22 10:00"))
    (task,) = house.tasks()
    assert (task.state, task.assignee, house.sent(ana)) == ("open", "front-desk", [])
    staff = [to for to, _ in house.mails() if to == "desk@glow.example"]
    assert len(staff) == 2, "told when it opened, and once when it was overdue"
    with house.begin() as session:
        settle_task(session, house.published, task.id, "front-desk", "reached", "nice", {}, house.now)
    house.live_until(at("2026-12-01 10:00"))
    assert [step for _, step in house.sent(ana)] == ["after-the-call"]
    assert house.states(ana)["a-call"] in {"done", "sent"}


def test_nobody_did_it_so_what_waited_goes_its_way(engine: Engine) -> None:
    house = Written(engine, welcome=WELCOME)
    ana = house.sign_up(first_name="Ana").contact_id
    house.live_until(at("2027-02-01 10:00"))
    assert house.sent(ana) == []
    assert [task.state for task in house.tasks()] == ["expired"]
    assert [each.state for each in house.enrolments(ana)] == ["finished"]


ACTIONS = (
    ON_SIGNUP.format(more="")
    + """
## Day 0: mark
Tag: +warm
Set: contact.wish = "coffee"
Enrol: extra
Leave: other

## 1 hour later: told
If: tagged("warm") and contact.wish == "coffee"
Kind: service
Subject: Noted

Right?
"""
)
EXTRA = """
---
title: Extra
stage: nurture
topic: Tips and ideas
enrol:
  on: manual
---

## Day 0: extra
Kind: service
Subject: Extra

More?
"""
OTHER = """
---
title: Other
stage: nurture
topic: Tips and ideas
enrol:
  on: signup
---

## Day 3: other
Subject: Other

Right?
"""
WARM = """
---
title: Warm
stage: nurture
topic: Tips and ideas
enrol:
  on: tagged warm
---

## Day 0: warm
Kind: service
Subject: Warm

Right?
"""


def test_actions_happen_when_their_step_is_done(engine: Engine) -> None:
    house = Written(engine, actions=ACTIONS, extra=EXTRA, other=OTHER, warm=WARM)
    ana = house.sign_up().contact_id
    house.live_until(at("2026-12-01 10:00"))
    assert sorted(step for _, step in house.sent(ana)) == ["extra", "told", "warm"]
    states = {each.sequence: (each.state, each.why) for each in house.enrolments(ana)}
    assert states["other"] == ("stopped", "Stopped: “mark” of “actions” took the person out.")


STOPPED = (
    ON_SIGNUP.format(more="stop:\n  - event: visit.completed\n")
    + """
## Day 0 at 12:00: hello
Subject: Hello

Are you there?
"""
)


@pytest.mark.parametrize("claimed", [False, True], ids=["held", "claimed"])
def test_a_stop_takes_effect_at_once_on_claimed_mail_too(engine: Engine, claimed: bool) -> None:
    house = Written(engine, welcome=STOPPED)
    ana = house.sign_up().contact_id
    house.work()
    if claimed:
        house.set_time(at("2026-11-20 11:00"))
        house.decide()
        assert house.states(ana)["hello"] == "cleared"
    house.tell(ana, "visit.completed", "V1")
    assert house.deliver() == 0
    house.live_until(at("2026-12-01 10:00"))
    assert house.sent(ana) == []
    assert house.states(ana)["hello"] == "cancelled"


def test_a_goal_with_stay_is_noted_and_the_person_stays(engine: Engine) -> None:
    text = STOPPED.replace("stop:\n  - event: visit.completed\n", "goal:\n  event: visit.completed\n  stay: yes\n")
    house = Written(engine, welcome=text)
    ana = house.sign_up().contact_id
    house.work()
    house.tell(ana, "visit.completed", "V1")
    house.live_until(at("2026-12-01 10:00"))
    assert [step for _, step in house.sent(ana)] == ["hello"]
    (enrolment,) = house.enrolments(ana)
    assert enrolment.converted_at == at("2026-11-20 10:00")


SERIES = ON_SIGNUP.format(more="at most: 9 unanswered\n") + "".join(
    f"\n## Day {day} at 10:00: letter {day}\nSubject: Letter {day}\n\nRight?\n" for day in (1, 4, 7, 10, 13)
)


def test_after_an_outage_nothing_bursts(engine: Engine) -> None:
    """Down for three weeks: what would have ended meanwhile has, the rest comes one at a time."""
    house = Written(engine, series=SERIES)
    ana = house.sign_up().contact_id
    house.set_time(at("2026-12-12 08:00"))
    house.live_until(at("2027-01-20 00:00"))
    states = house.states(ana)
    assert states["letter-1"] == states["letter-4"] == "expired"
    assert [state for step, state in states.items() if step not in {"letter-1", "letter-4"}] == ["sent"] * 3
    days = [when[:10] for when, _ in house.sent(ana)]
    assert len(set(days)) == len(days)
    assert all(reason for _, _, reason in house.touches(ana))


def test_an_overdue_task_and_an_overdue_service_mail_do_not_come_on_one_day(engine: Engine) -> None:
    text = ON_SIGNUP.format(more="") + (
        "\n## Day 1: tell\nKind: service\nSubject: One\n\nRight?\n"
        "\n## Day 2: call\nTask: call\nAssign: owner\n\nCall.\n"
        "\n## Day 3: tell more\nKind: service\nSubject: Two\n\nRight?\n"
    )
    house = Written(engine, welcome=text)
    ana = house.sign_up().contact_id
    house.set_time(at("2026-11-23 12:00"))
    house.work()
    assert ([step for _, step in house.sent(ana)], house.tasks()) == (["tell"], [])
    house.live_until(house.now + timedelta(days=1))
    assert len(house.tasks()) == 1
    house.live_until(house.now + timedelta(days=2))
    assert [step for _, step in house.sent(ana)] == ["tell", "tell-more"]


def test_while_a_complaint_is_open_only_service_mail_goes_out(engine: Engine) -> None:
    house = Written(
        engine, series=SERIES, extra=EXTRA.replace("on: manual", "on: event visit.completed\n  again: always")
    )
    ana = house.sign_up().contact_id
    house.work()
    house.tell(ana, "complaint.raised", "C1")
    house.tell(ana, "visit.completed", "V1")
    house.live_until(at("2026-11-23 12:00"))
    assert [step for _, step in house.sent(ana)] == ["extra"]
    (reason,) = [reason for step, state, reason in house.touches(ana) if state == "held"]
    assert "the complaint of 20 November 2026 is open" in str(reason)
    house.tell(ana, "complaint.resolved", "C1")
    house.live_until(at("2026-11-24 12:00"))
    assert [step for _, step in house.sent(ana)][:2] == ["extra", "letter-1"]


OWED = """
---
title: Your hundred days
stage: onboarding
topic: Your project
enrol:
  on: becomes client
---

## Day 1 at 10:00: a letter
Subject: A letter

Right?

## Day 2 at 10:00: a card
Task: card
Assign: owner

Write it.
"""


def test_a_client_who_leaves_our_mail_is_still_owed_peoples_touches(engine: Engine) -> None:
    house = Written(engine, owed=OWED)
    ana = house.sign_up(first_name="Ana").contact_id
    house.tell(ana, "visit.completed", "V1")
    house.work()
    with house.begin() as session:
        unsubscribe(session, house.published, ana, house.now)
    house.live_until(at("2026-11-23 10:00"))
    assert house.sent(ana) == []
    (reason,) = [reason for step, _, reason in house.touches(ana) if step == "a-letter"]
    assert reason == "Not sent: Ana unsubscribed on 20 November 2026."
    (task,) = house.tasks()
    assert task.reason == "No mail goes to Ana, who unsubscribed on 20 November 2026; this touch is owed all the same."
