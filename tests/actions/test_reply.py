from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Engine, select

from service.actions.look_after_tasks import look_after_tasks
from service.actions.receive_event import Seen, receive_event
from service.actions.settle_task import settle_task, skip_task
from service.actions.staff_mail import staff_letters
from service.domain.field import Unfit
from service.store.contact import Contact, lock_contacts
from service.store.delivery import Delivery, State
from service.store.enrolment import Enrolment
from service.store.task import Task
from tests.actions.front_desk import FrontDesk
from tests.actions.house import NOW
from tests.domain.stories import day, step

HOUR = timedelta(hours=1)


@pytest.fixture
def desk(engine: Engine) -> FrontDesk:
    """Ana has got a mail and a second one is cleared."""
    desk = FrontDesk(engine, step("hello", day(0)), step("more", day(3)))
    desk.touch("hello", State.SENT, sent_at=NOW, handed_at=NOW)
    desk.touch("more", State.CLEARED, token="somebody's")
    return desk


def reply(desk: FrontDesk, **data: str) -> None:
    with desk.begin() as session:
        lock_contacts(session, [desk.ana])
        contact = session.get_one(Contact, desk.ana)
        receive_event(session, desk.published, contact, Seen("reply", desk.now, data=data), desk.now)


def tasks(desk: FrontDesk) -> list[Task]:
    with desk.begin() as session:
        return list(session.scalars(select(Task).order_by(Task.id)))


def mails(desk: FrontDesk) -> dict[str, tuple[str, str | None]]:
    with desk.begin() as session:
        rows = session.scalars(select(Delivery).where(Delivery.staff_to.is_(None)))
        return {row.step: (str(row.state), row.rule) for row in rows}


def settle(desk: FrontDesk, outcome: str | None) -> None:
    with desk.begin() as session:
        settle_task(session, desk.published, tasks(desk)[-1].id, "owner", outcome, None, {}, desk.now)


def test_a_reply_pauses_its_sequence_and_asks_a_person_to_answer(desk: FrontDesk) -> None:
    reply(desk)
    assert desk.row(Enrolment, desk.inside).paused_at == NOW
    assert mails(desk) == {"hello": ("sent", None), "more": ("held", "reply")}
    with desk.begin() as session:
        held = session.scalars(select(Delivery).where(Delivery.step == "more")).one()
    assert (held.wake_at, held.token) == (None, None)
    assert held.reason == "Held: Ana wrote back on 20 November 2026, and this waits until somebody says how it goes on."
    [task] = tasks(desk)
    assert (task.what, task.assignee, task.delivery_id) == ("answer the reply", "front-desk", None)
    assert task.due_at == NOW + timedelta(days=1)
    [mail] = desk.staff_mails()
    assert (mail.staff_to, mail.step, mail.occasion) == ("desk@glow.example", "(reply)", 1)
    with desk.begin() as session:
        [letter] = staff_letters(session, desk.published, desk.staff_mails()).values()
    assert letter.task_id == task.id
    assert letter.briefing.startswith("Ana (ana@example.org) has written back. Please answer. “Letters”")
    assert [value for value, _ in letter.outcomes] == ["go-on", "end"]


def test_a_second_reply_opens_no_second_task(desk: FrontDesk) -> None:
    for _ in range(2):
        reply(desk)
    assert len(tasks(desk)) == 1
    assert len(desk.staff_mails()) == 1


@pytest.mark.parametrize("outcome", ["go-on", "go on"])
def test_go_on_lets_what_was_held_compete_again(desk: FrontDesk, outcome: str) -> None:
    reply(desk)
    desk.set_time(NOW + HOUR)
    settle(desk, outcome)
    enrolment = desk.row(Enrolment, desk.inside)
    assert (enrolment.state, enrolment.paused_at) == ("active", None)
    assert enrolment.wake_at <= NOW + HOUR
    assert mails(desk)["more"] == ("due", "due")
    [event] = desk.events("task.done")
    assert (event.data["value"], event.data["step"]) == ("go-on", None)
    assert [mail.state for mail in desk.staff_mails()] == ["cancelled"]


def test_end_ends_the_sequence_with_a_sentence(desk: FrontDesk) -> None:
    reply(desk)
    settle(desk, "end")
    enrolment = desk.row(Enrolment, desk.inside)
    assert (enrolment.state, enrolment.paused_at) == ("stopped", None)
    assert enrolment.why == "Stopped: owner answered their reply, and ended it."
    assert mails(desk)["more"][0] == "cancelled"


def test_after_it_was_answered_the_next_reply_is_a_task_again(desk: FrontDesk) -> None:
    reply(desk)
    settle(desk, "go-on")
    reply(desk)
    assert [task.state for task in tasks(desk)] == ["done", "open"]
    assert [mail.occasion for mail in desk.staff_mails()] == [1, 2]
    with desk.begin() as session:
        letters = staff_letters(session, desk.published, desk.staff_mails()[1:])
    assert [letter.task_id for letter in letters.values()] == [tasks(desk)[1].id]


def test_a_reply_cannot_be_skipped_because_the_sequence_waits(desk: FrontDesk) -> None:
    reply(desk)
    with pytest.raises(Unfit, match="go-on"), desk.begin() as session:
        skip_task(session, desk.published, tasks(desk)[0].id, "owner", None, NOW)


def test_a_reply_that_nobody_answers_is_reminded_of_and_ends_the_sequence_at_last(desk: FrontDesk) -> None:
    reply(desk)
    for days in range(40):
        desk.set_time(NOW + timedelta(days=days))
        with desk.begin() as session:
            look_after_tasks(session, desk.published, desk.now)
    assert [mail.occasion for mail in desk.staff_mails()] == [1, 2]
    assert tasks(desk)[0].state == "expired"
    assert desk.row(Enrolment, desk.inside).why == "Stopped: they wrote back, and nobody answered."
    assert mails(desk)["more"][0] == "cancelled"


def test_a_reply_names_its_sequence_or_is_to_the_last_mail(desk: FrontDesk) -> None:
    with desk.begin() as session:
        other = desk.enrol(session, session.get_one(Contact, desk.ana))
    reply(desk)
    assert desk.row(Enrolment, other).paused_at is None
    reply(desk, sequence="letters")  # the newest of that name
    assert desk.row(Enrolment, other).paused_at == NOW


def test_of_two_mails_that_left_together_a_reply_is_to_the_later_one(desk: FrontDesk) -> None:
    first = desk.inside
    with desk.begin() as session:
        desk.inside = desk.enrol(session, session.get_one(Contact, desk.ana))
    desk.touch("hello", State.SENT, sent_at=NOW, handed_at=NOW)
    reply(desk)
    assert [desk.row(Enrolment, each).paused_at for each in (first, desk.inside)] == [None, NOW]


def test_a_reply_of_somebody_who_never_got_a_mail_is_an_event_and_no_more(engine: Engine) -> None:
    desk = FrontDesk(engine)
    reply(desk)
    assert (tasks(desk), len(desk.events("reply"))) == ([], 1)
