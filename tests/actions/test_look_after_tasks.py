from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Engine

from service.actions.look_after_tasks import look_after_tasks
from service.actions.settle_task import snooze_task
from service.actions.staff_mail import staff_letters
from service.domain.sequence.model.duration import Duration, Unit
from service.store.contact import Contact
from service.store.enrolment import Enrolment
from tests.actions.front_desk import CALL, FrontDesk, task_step
from tests.actions.house import NOW
from tests.domain.stories import at

DUE = at("2026-11-22 10:00")
DAY = timedelta(days=1)


def look(desk: FrontDesk, now: datetime) -> int:
    desk.set_time(now)
    with desk.begin() as session:
        return look_after_tasks(session, desk.published, now)


def test_an_overdue_task_is_reminded_of_once(engine: Engine) -> None:
    desk = FrontDesk(engine)
    task_id = desk.open()
    assert look(desk, DUE - timedelta(seconds=1)) == 0
    assert look(desk, DUE) == 1
    assert [mail.occasion for mail in desk.staff_mails()] == [1, 2]
    assert [mail.staff_to for mail in desk.staff_mails()] == ["desk@glow.example"] * 2
    assert desk.task(task_id).reminded_at == DUE
    for days in range(1, 30):
        assert look(desk, DUE + days * DAY) == 0
    assert len(desk.staff_mails()) == 2
    with desk.begin() as session:
        letters = staff_letters(session, desk.published, desk.staff_mails())
    assert [letter.is_reminder for letter in letters.values()] == [False, True]


def test_whoever_was_given_it_is_reminded_also_one_who_is_not_among_people(engine: Engine) -> None:
    desk = FrontDesk(engine, task_step(task=replace(CALL, assign="contact.lead")))
    with desk.begin() as session:
        session.get_one(Contact, desk.ana).fields = {"lead": "ben@glow.example"}
    desk.open()
    look(desk, DUE)
    assert [mail.staff_to for mail in desk.staff_mails()] == ["ben@glow.example"] * 2


def test_thirty_days_past_due_nobody_has_to_do_it_any_more(engine: Engine) -> None:
    desk = FrontDesk(engine)
    task_id = desk.open()
    look(desk, DUE)
    assert look(desk, DUE + 30 * DAY) == 1
    reason = "Expired: nobody did it. It was due on 22 November 2026."
    assert (desk.task(task_id).state, desk.task(task_id).reason) == ("expired", reason)
    assert (desk.touch_of(task_id).state, desk.touch_of(task_id).reason) == ("expired", reason)
    assert {mail.state for mail in desk.staff_mails()} == {"cancelled"}
    assert desk.row(Enrolment, desk.inside).wake_at <= DUE + 30 * DAY
    assert look(desk, DUE + 31 * DAY) == 0


def test_drop_after_counts_from_the_opening(engine: Engine) -> None:
    step = replace(task_step(task=replace(CALL, due=None)), drop_after=Duration.of(1, Unit.DAYS))
    desk = FrontDesk(engine, step)
    task_id = desk.open()
    assert desk.task(task_id).wake_at == NOW + DAY
    look(desk, NOW + DAY)
    assert desk.task(task_id).state == "expired"


def test_what_is_put_off_is_reminded_of_when_it_comes_back(engine: Engine) -> None:
    desk = FrontDesk(engine)
    task_id = desk.open()
    with desk.begin() as session:
        snooze_task(session, desk.published, task_id, "front-desk", DUE + 5 * DAY, NOW)
    assert look(desk, DUE + DAY) == 0
    assert len(desk.staff_mails()) == 1
    assert look(desk, DUE + 5 * DAY) == 1
    assert len(desk.staff_mails()) == 2


def test_what_is_put_off_far_has_a_week_left_when_it_comes_back(engine: Engine) -> None:
    desk = FrontDesk(engine)
    task_id = desk.open()
    with desk.begin() as session:
        snooze_task(session, desk.published, task_id, "front-desk", DUE + 100 * DAY, NOW)
    look(desk, DUE + 100 * DAY)
    assert desk.task(task_id).state == "open"
    look(desk, DUE + 106 * DAY)
    assert desk.task(task_id).state == "open"
    look(desk, DUE + 107 * DAY)
    assert desk.task(task_id).state == "expired"


def test_tasks_of_a_contact_whom_somebody_holds_are_left_to_them(engine: Engine) -> None:
    desk = FrontDesk(engine)
    desk.open()
    desk.set_time(DUE)
    with desk.begin() as holder:
        look_after_tasks(holder, desk.published, DUE)  # holds Ana until it commits
        with desk.begin() as session:
            assert look_after_tasks(session, desk.published, DUE) == 0
