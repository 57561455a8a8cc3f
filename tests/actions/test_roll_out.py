"""People inside follow what is published: done steps stay done, and the next is the first behind the last one done."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Engine

from tests.actions.house import NOW
from tests.actions.newsroom import Newsroom, letters

DAY = timedelta(days=1)
HELLO, TIP, LETTER = "Day 0: hello", "Day 3 at 10:00: tip", "Day 10 at 10:00: letter"


def test_a_step_inserted_behind_the_last_one_done_is_received(engine: Engine) -> None:
    room = Newsroom(engine, letters=letters(HELLO, LETTER))
    (ana,) = room.people(1)
    room.work()
    room.publish(letters=letters(HELLO, TIP, LETTER))
    assert room.planned(ana) == {"tip": "2026-11-23 10:00"}
    for days in range(14):
        room.work(NOW + days * DAY)
    assert [step for _, step in room.mails()] == ["hello", "tip", "letter"]


def test_a_step_inserted_before_that_point_is_passed(engine: Engine) -> None:
    room = Newsroom(engine, letters=letters(HELLO, LETTER))
    room.people(1)
    for days in range(11):
        room.work(NOW + days * DAY)
    room.publish(letters=letters(HELLO, TIP, LETTER, "Day 20: more"))
    for days in range(11, 25):
        room.work(NOW + days * DAY)
    assert [step for _, step in room.mails()] == ["hello", "letter"]


def test_a_step_whose_time_is_over_already_is_received_and_not_expired(engine: Engine) -> None:
    room = Newsroom(engine, letters=letters(HELLO, "Day 90: letter"))
    (ana,) = room.people(1)
    room.work()
    room.set_time(NOW + 60 * DAY)
    room.publish(letters=letters(HELLO, "Day 30: tip", "Day 90: letter"))
    room.work()
    assert [step for _, step in room.mails()] == ["hello", "tip"]
    assert room.states(ana) == {"hello": "sent", "tip": "sent", "letter": "planned"}


def test_a_changed_delay_counts_from_where_it_always_counted(engine: Engine) -> None:
    room = Newsroom(engine, letters=letters(HELLO, "10 days later: letter"))
    (ana,) = room.people(1)
    room.work()
    room.set_time(NOW + 2 * DAY)
    room.publish(letters=letters(HELLO, "3 days later: letter"))
    assert room.planned(ana) == {"letter": "2026-11-23 11:00"}
    room.publish(letters=letters(HELLO, "20 days later: letter"))
    assert room.planned(ana) == {"letter": "2026-12-10 11:00"}


def test_a_removed_step_is_passed_with_a_reason_and_owed_again_when_it_comes_back(engine: Engine) -> None:
    room = Newsroom(engine, letters=letters(HELLO, TIP, LETTER))
    (ana,) = room.people(1)
    room.work()
    room.publish(letters=letters(HELLO, LETTER))
    assert room.touches(ana)[1] == ("tip", "cancelled", "Passed: the step was taken out of its sequence.")
    assert room.planned(ana) == {"letter": "2026-11-30 10:00"}
    room.publish(letters=letters(HELLO, TIP, LETTER))
    assert room.planned(ana) == {"tip": "2026-11-23 10:00"}


def test_a_mail_that_is_cleared_is_taken_back_with_its_step(engine: Engine) -> None:
    room = Newsroom(engine, letters=letters(HELLO, TIP, LETTER))
    (ana,) = room.people(1)
    room.work()
    room.set_time(NOW + 3 * DAY)
    room.decide()
    assert room.states(ana)["tip"] == "cleared"
    room.publish(letters=letters(HELLO, LETTER))
    room.work()
    assert room.states(ana)["tip"] == "cancelled"
    assert [step for _, step in room.mails()] == ["hello"]


def test_a_deleted_file_ends_its_enrolments(engine: Engine) -> None:
    room = Newsroom(engine, letters=letters(HELLO, TIP))
    (ana,) = room.people(1)
    room.work()
    room.publish()
    assert room.enrolment(ana).state == "stopped"
    assert room.enrolment(ana).why == "Stopped: the sequence was taken out."
    assert room.states(ana) == {"hello": "sent", "tip": "cancelled"}


def test_a_step_with_a_new_title_and_its_old_id_is_the_same_step(engine: Engine) -> None:
    room = Newsroom(engine, letters=letters(HELLO, TIP, LETTER))
    (ana,) = room.people(1)
    for days in range(4):
        room.work(NOW + days * DAY)
    room.publish(letters=letters(HELLO, "Day 3 at 10:00: one idea\nId: tip", LETTER))
    for days in range(4, 12):
        room.work(NOW + days * DAY)
    assert [step for _, step in room.mails()] == ["hello", "tip", "letter"]
    assert room.states(ana)["letter"] == "sent"


def test_what_is_paused_holds_even_what_was_cleared_and_goes_on_when_it_is_live_again(engine: Engine) -> None:
    room = Newsroom(engine, letters=letters(HELLO, TIP, LETTER))
    (ana,) = room.people(1)
    room.work()
    room.set_time(NOW + 3 * DAY)
    room.decide()
    room.publish(letters=letters(HELLO, TIP, LETTER, head="enrol: {on: signup}\nstatus: paused"))
    room.work()
    assert room.touches(ana)[1][1:] == ("held", "Held: “Letters” is paused.")
    room.publish(letters=letters(HELLO, TIP, LETTER))
    room.work()
    assert [step for _, step in room.mails()] == ["hello", "tip"]


def test_who_had_finished_goes_on_only_where_it_is_reopened(engine: Engine) -> None:
    room = Newsroom(engine, letters=letters(HELLO))
    (ana,) = room.people(1)
    room.work()
    room.work()
    assert room.enrolment(ana).state == "finished"
    room.publish(letters=letters(HELLO, TIP))
    assert room.enrolment(ana).state == "finished"
    room.publish(["letters"], letters=letters(HELLO, TIP))
    assert room.enrolment(ana).state == "active"
    for days in range(5):
        room.work(NOW + days * DAY)
    assert [step for _, step in room.mails()] == ["hello", "tip"]
