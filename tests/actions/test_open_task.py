from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from service.actions.staff_mail import staff_letters
from service.actions.suppress import suppress
from service.domain.sequence.model.duration import Duration, Unit
from service.store.contact import Contact
from tests.actions.front_desk import CALL, FrontDesk, task_step
from tests.actions.house import NOW
from tests.domain.stories import at


def test_a_touch_becomes_a_task_and_tells_whose_it_is(engine: Engine) -> None:
    desk = FrontDesk(engine)
    task = desk.task(desk.open())
    assert (task.what, task.assignee, task.state, task.cost) == ("call", "front-desk", "open", CALL.cost)
    assert (task.due_at, task.reason) == (at("2026-11-22 10:00"), None)
    assert task.wake_at == task.due_at
    touch = desk.touch_of(task.id)
    assert (touch.state, touch.reason) == ("open", "Open: call, for front-desk, due on 22 November 2026.")
    [mail] = desk.staff_mails()
    assert (mail.staff_to, mail.occasion, mail.priority, mail.state) == ("desk@glow.example", 1, 0, "due")
    assert (mail.due_at, mail.wake_at, mail.expires_at) == (NOW, NOW, NOW + timedelta(days=3))
    assert mail.reason == "Due: tells front-desk of a task."


def test_due_days_are_the_businesss_calendar_days(engine: Engine) -> None:
    """Five months on: summer time has begun in Berlin, and eleven in the morning is nine in UTC."""
    desk = FrontDesk(engine, task_step(task=replace(CALL, due=Duration.of(5, Unit.MONTHS))))
    assert desk.task(desk.open()).due_at == at("2027-04-20 09:00")


@pytest.mark.parametrize(
    ("fields", "assign", "name", "address", "remark"),
    [
        ({"lead": "owner"}, "contact.lead", "owner", "mia@glow.example", None),
        ({"lead": "MIA@glow.example"}, "contact.lead", "owner", "mia@glow.example", None),
        ({"lead": "ben@glow.example"}, "contact.lead", "ben@glow.example", "ben@glow.example", None),
        ({}, "contact.lead", "front-desk", "desk@glow.example", "“contact.lead” is empty"),
        ({"lead": "eve@evil.example"}, "contact.lead", "front-desk", "desk@glow.example", "no “eve@evil.example”"),
        ({"lead": "gone"}, "contact.lead", "front-desk", "desk@glow.example", "no “gone” among `people`"),
        ({}, "gone", "front-desk", "desk@glow.example", "no “gone” among `people`"),
        ({"lead": 7}, "contact.lead", "front-desk", "desk@glow.example", "“contact.lead” is empty"),
    ],
)
def test_a_field_may_name_the_colleague_and_nobody_outside_the_house(
    engine: Engine, fields: dict[str, Any], assign: str, name: str, address: str, remark: str | None
) -> None:
    desk = FrontDesk(engine, task_step(task=replace(CALL, assign=assign)))
    with desk.begin() as session:
        session.get_one(Contact, desk.ana).fields = fields
    task = desk.task(desk.open())
    assert (task.assignee, desk.staff_mails()[0].staff_to) == (name, address)
    assert (remark or "") in (task.reason or "")
    assert (task.reason is None) == (remark is None)


def test_without_people_a_task_goes_to_whoever_the_mail_comes_from(engine: Engine) -> None:
    desk = FrontDesk(engine, people=())
    assert desk.task(desk.open()).assignee == "mia@glow.example"


def test_who_gets_no_mail_is_still_owed_the_touch_and_the_task_says_so(engine: Engine) -> None:
    desk = FrontDesk(engine)
    with desk.begin() as session:
        contact = session.get_one(Contact, desk.ana)
        suppress(session, contact, NOW, topic=None, reason="unsubscribed", source="test")
    task = desk.task(desk.open())
    sentence = "No mail goes to Ana, who unsubscribed on 20 November 2026; this touch is owed all the same."
    assert task.reason == sentence
    assert desk.touch_of(task.id).reason.endswith(sentence)  # type: ignore[union-attr]
    with desk.begin() as session:
        [letter] = staff_letters(session, desk.published, desk.staff_mails()).values()
    assert (letter.task_id, letter.remark, letter.is_reminder, letter.what) == (task.id, sentence, False, "call")


def test_a_task_without_a_due_day_keeps_for_thirty_days(engine: Engine) -> None:
    desk = FrontDesk(engine, task_step(task=replace(CALL, due=None)))
    task = desk.task(desk.open())
    assert (task.due_at, task.wake_at) == (None, NOW + timedelta(days=30))
    assert desk.touch_of(task.id).reason == "Open: call, for front-desk."
