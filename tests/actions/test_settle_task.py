from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select, text

from service.actions.cancel_tasks import cancel_tasks
from service.actions.settle_task import TaskOver, settle_task, skip_task, snooze_task
from service.domain.field import Unfit
from service.store.contact import Contact
from service.store.enrolment import Enrolment
from service.store.task import Task
from service.store.webhook_call import WebhookCall
from tests.actions.front_desk import CALL, FrontDesk, action, task_step
from tests.actions.house import NOW

HOUR = timedelta(hours=1)


def do(desk: FrontDesk, task_id: int, outcome: str | None = "reached", note: str | None = None, **asked: Any) -> None:
    with desk.begin() as session:
        assert settle_task(session, desk.published, task_id, "front-desk", outcome, note, asked, desk.now) is not None


def test_a_done_task_is_an_event_and_what_was_asked_is_written(engine: Engine) -> None:
    desk = FrontDesk(engine)
    task_id = desk.open()
    desk.set_time(NOW + HOUR)
    do(desk, task_id, "reached", "She  laughed.", wish="a bob", visits=3, phone="+49 30 1")
    task = desk.task(task_id)
    assert (task.state, task.outcome, task.note, task.closed_at) == ("done", "reached", "She  laughed.", NOW + HOUR)
    assert task.reason == "Done by front-desk on 20 November 2026: reached. “She laughed.”"
    assert task.asked == {"wish": "a bob", "visits": 3, "phone": "+49 30 1"}
    assert (task.wake_at, desk.touch_of(task_id).state) == (None, "done")
    assert desk.touch_of(task_id).reason == task.reason
    contact = desk.row(Contact, desk.ana)
    assert (contact.phone, contact.fields) == ("+49 30 1", {"wish": "a bob", "visits": 3})
    [event] = desk.events("task.done")
    assert event.data == {
        "sequence": "letters",
        "step": "a-call",
        "value": "reached",
        "note": "She  laughed.",
        "enrolment": desk.inside,
    }
    assert desk.row(Enrolment, desk.inside).wake_at <= NOW + HOUR
    assert desk.holds('done("a-call") and answer("a-call") == "reached"')
    assert not desk.holds('sent("a-call")')


def test_the_mail_that_told_of_it_does_not_go_out_any_more(engine: Engine) -> None:
    desk = FrontDesk(engine)
    do(desk, desk.open())
    [mail] = desk.staff_mails()
    assert (mail.state, mail.reason) == ("cancelled", "Not sent: the task is done.")


@pytest.mark.parametrize("outcome", [None, "maybe", ""])
def test_an_outcome_is_one_that_the_briefing_offers(engine: Engine, outcome: str | None) -> None:
    desk = FrontDesk(engine)
    task_id = desk.open()
    with pytest.raises(Unfit, match="Choose one of “reached”, “never”") as refused:
        do(desk, task_id, outcome)
    assert refused.value.faults[0].path == ("outcome",)
    assert desk.task(task_id).state == "open"


def test_a_briefing_without_outcomes_takes_none(engine: Engine) -> None:
    desk = FrontDesk(engine, task_step(words="Just call."))
    task_id = desk.open()
    with pytest.raises(Unfit, match="no outcomes"):
        do(desk, task_id, "reached")
    do(desk, task_id, None)
    assert desk.task(task_id).reason == "Done by front-desk on 20 November 2026."


def test_every_value_is_refused_by_its_field_and_then_nothing_is_kept(engine: Engine) -> None:
    desk = FrontDesk(engine)
    task_id = desk.open()
    with pytest.raises(Unfit) as refused:
        do(desk, task_id, "reached", wish="fine", visits="three", phone="call me", prefers="email", email="x@y.zz")
    assert {each.path for each in refused.value.faults} == {
        ("asked", "visits"),
        ("asked", "phone"),
        ("asked", "prefers"),
        ("asked", "email"),
    }
    assert desk.row(Contact, desk.ana).fields == {}
    assert (desk.task(task_id).state, desk.events("task.done")) == ("open", [])


def test_what_is_left_empty_stays_as_it_was(engine: Engine) -> None:
    desk = FrontDesk(engine)
    with desk.begin() as session:
        session.get_one(Contact, desk.ana).fields = {"wish": "a bob"}
    task_id = desk.open()
    do(desk, task_id, "reached", wish="", visits=None)
    assert (desk.row(Contact, desk.ana).fields, desk.task(task_id).asked) == ({"wish": "a bob"}, {})


def test_what_rides_on_the_step_happens_when_it_was_done(engine: Engine) -> None:
    riding = (action("tag", "+called"), action("webhook", "crm"))
    desk = FrontDesk(engine, task_step("a-call", CALL, "[Reached](answer:reached)", *riding))
    task_id = desk.open()
    assert desk.row(Contact, desk.ana).tags == []
    do(desk, task_id)
    assert desk.row(Contact, desk.ana).tags == ["called"]
    with desk.begin() as session:
        [call] = session.scalars(select(WebhookCall)).all()
    assert (call.name, call.state, call.body["data"]["step"]) == ("crm", "waiting", "a-call")


def test_a_skipped_task_happens_in_no_way_but_what_waits_goes_on(engine: Engine) -> None:
    desk = FrontDesk(engine, task_step("a-call", CALL, "Call.", action("tag", "+called")))
    task_id = desk.open()
    desk.set_time(NOW + HOUR)
    with desk.begin() as session:
        skip_task(session, desk.published, task_id, "the key “crm”", "she was here yesterday", desk.now)
    reason = "Skipped by the key “crm” on 20 November 2026: she was here yesterday."
    assert (desk.task(task_id).state, desk.task(task_id).reason) == ("skipped", reason)
    assert (desk.touch_of(task_id).state, desk.touch_of(task_id).reason) == ("skipped", reason)
    assert desk.row(Enrolment, desk.inside).wake_at <= NOW + HOUR
    assert desk.events("task.done") == []
    assert desk.row(Contact, desk.ana).tags == []
    assert not desk.holds('done("a-call")')


def test_what_is_over_is_over(engine: Engine) -> None:
    desk = FrontDesk(engine)
    task_id = desk.open()
    do(desk, task_id)
    with desk.begin() as session:
        for again in (
            lambda: settle_task(session, desk.published, task_id, "owner", "never", None, {}, NOW),
            lambda: skip_task(session, desk.published, task_id, "owner", None, NOW),
            lambda: snooze_task(session, desk.published, task_id, "owner", NOW + HOUR, NOW),
        ):
            with pytest.raises(TaskOver, match="Done by front-desk"):
                again()
        assert settle_task(session, desk.published, 999, "owner", None, None, {}, NOW) is None
    assert len(desk.events("task.done")) == 1


@pytest.mark.parametrize("days", [0, -1, 367])
def test_a_snooze_ends_ahead_and_within_a_year(engine: Engine, days: int) -> None:
    desk = FrontDesk(engine)
    task_id = desk.open()
    with pytest.raises(Unfit, match="within a year"), desk.begin() as session:
        snooze_task(session, desk.published, task_id, "owner", NOW + timedelta(days=days), NOW)


def test_a_task_whose_step_was_taken_out_can_still_be_done(engine: Engine) -> None:
    desk = FrontDesk(engine)
    task_id = desk.open()
    [sequence] = desk.published.library.sequences
    library = replace(desk.published.library, sequences=(replace(sequence, steps=()),))
    desk.published = replace(desk.published, library=library)
    do(desk, task_id, "reached")
    assert desk.task(task_id).state == "done"


def test_a_stop_cancels_what_is_open_with_the_reason(engine: Engine) -> None:
    desk = FrontDesk(engine)
    task_id = desk.open()
    with desk.begin() as session:
        assert cancel_tasks(session, [desk.inside], "Stopped: “client.left” happened.", NOW) == 1
        assert cancel_tasks(session, [desk.inside], "again", NOW) == 0
    assert (desk.task(task_id).state, desk.touch_of(task_id).state) == ("cancelled", "cancelled")
    assert desk.task(task_id).reason == "Stopped: “client.left” happened."
    assert [mail.state for mail in desk.staff_mails()] == ["cancelled"]


def test_of_two_colleagues_at_once_one_has_done_it(engine: Engine) -> None:
    desk = FrontDesk(engine)
    task_id = desk.open()
    both = threading.Barrier(2)

    def settle(who: str) -> bool:
        both.wait()
        try:
            with desk.begin() as session:
                return settle_task(session, desk.published, task_id, who, "reached", None, {}, NOW) is not None
        except TaskOver:
            return False

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(settle, ["front-desk", "owner"])) == [False, True]
    assert len(desk.events("task.done")) == 1


def test_a_contact_is_locked_before_its_task(engine: Engine) -> None:
    """Whoever holds the contact is not deadlocked by somebody who holds the task and wants the contact."""
    desk = FrontDesk(engine)
    task_id = desk.open()
    with desk.begin() as holder:
        holder.execute(text("SELECT 1 FROM contact WHERE id = :id FOR NO KEY UPDATE"), {"id": desk.ana})
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(do, desk, task_id)
            holder.execute(text("SET LOCAL lock_timeout = '2s'"))
            holder.execute(select(Task).where(Task.id == task_id).with_for_update())
            holder.commit()
            waiting.result(timeout=200)
    assert desk.task(task_id).state == "done"
