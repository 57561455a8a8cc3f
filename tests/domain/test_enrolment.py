"""What happens next to a person inside a sequence."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from service.domain.departure import Leave
from service.domain.enrolment import Open, Skip, Wait, next_move, passed
from service.domain.happening import Happening, Touch
from service.domain.schedule import Progress
from service.domain.sequence.expression import ExpressionError
from service.domain.sequence.model import AtMost, Duration, Exit, Expression, Kind, Unit
from service.domain.window import Window
from tests.domain.stories import HERE, OFFICE, at, day, facts, letters, step

ENTERED = at("2026-11-20 14:30")
SUNDAY_NIGHT = at("2026-11-22 02:00")
HELLO, TIP = step("hello", day(0), Kind.SERVICE), step("tip", day(2))


def stop_when(condition: str) -> Exit:
    return Exit(HERE, when=Expression(condition, HERE))


def touch(key: str, when: str, priority: int = 4) -> Touch:
    return Touch(1, "letters", key, "sent", priority, at(when))


def test_a_step_that_is_due_opens_and_keeps_as_long_as_its_kind() -> None:
    move = next_move(letters(HELLO, TIP), Progress(ENTERED), facts(ENTERED, ENTERED), ENTERED)
    assert move == Open(HELLO, ENTERED, ENTERED + timedelta(days=3))


def test_what_keeps_counts_from_the_first_permitted_minute() -> None:
    progress = passed(Progress(SUNDAY_NIGHT), HELLO, SUNDAY_NIGHT)
    now = SUNDAY_NIGHT + timedelta(days=2)
    move = next_move(letters(HELLO, TIP), progress, facts(now, SUNDAY_NIGHT), now)
    assert isinstance(move, Open)
    assert move.expires_at == at("2026-11-24 08:00") + timedelta(days=7)


def test_service_mail_opens_at_night_and_a_written_window_still_holds() -> None:
    calm = step("hello", day(0), Kind.SERVICE, window=OFFICE)
    for each, keeps_from in ((HELLO, SUNDAY_NIGHT), (calm, at("2026-11-23 08:00"))):
        move = next_move(letters(each), Progress(SUNDAY_NIGHT), facts(SUNDAY_NIGHT, SUNDAY_NIGHT), SUNDAY_NIGHT)
        assert isinstance(move, Open)
        assert move.expires_at == keeps_from + timedelta(days=3)


def test_a_step_that_is_not_due_is_waited_for() -> None:
    progress = passed(Progress(ENTERED), HELLO, ENTERED)
    assert next_move(letters(HELLO, TIP), progress, facts(ENTERED, ENTERED), ENTERED) == Wait(
        ENTERED + timedelta(days=2), TIP, ENTERED + timedelta(days=2)
    )


def test_a_condition_that_does_not_hold_skips_and_says_so() -> None:
    only = step("tip", day(0), condition='clicked("hello")')
    move = next_move(letters(only), Progress(ENTERED), facts(ENTERED, ENTERED), ENTERED)
    assert move == Skip(only, ENTERED, ENTERED, "if", 'Skipped: “clicked("hello")” does not hold.')


def test_a_click_makes_the_condition_hold() -> None:
    only = step("tip", day(0), condition='clicked("hello")')
    click = Happening("click", ENTERED, {"sequence": "letters", "step": "hello"}, enrolment_id=1)
    known = facts(ENTERED, ENTERED, (click,))
    assert isinstance(next_move(letters(only), Progress(ENTERED), known, ENTERED), Open)


def test_a_stop_ends_it_even_while_a_mail_is_on_its_way() -> None:
    sequence = letters(HELLO, TIP, stop=(stop_when('contact.stage == "client"'),))
    known = facts(ENTERED, ENTERED, stage="client")
    move = next_move(sequence, Progress(ENTERED), known, ENTERED, waiting={"tip"})
    assert move == Leave("stopped", "stop", 'Stopped: “contact.stage == "client"” holds.')


def test_a_goal_is_asked_before_a_stop_and_only_within_its_time() -> None:
    goal = Exit(HERE, event="appointment.booked", within=Duration(Decimal(30), Unit.DAYS))
    sequence = letters(HELLO, goal=goal, stop=(Exit(HERE, event="appointment.booked"),))
    now = ENTERED + timedelta(days=40)  # looked at after an outage: what counts is when it happened
    for days, state in ((1, "converted"), (31, "stopped")):
        booked = (Happening("appointment.booked", ENTERED + timedelta(days=days)),)
        assert next_move(sequence, Progress(ENTERED), facts(now, ENTERED, booked), now).state == state


def test_what_happened_before_entering_stops_nothing() -> None:
    sequence = letters(HELLO, stop=(Exit(HERE, event="appointment.booked"),))
    before = (Happening("appointment.booked", ENTERED - timedelta(days=1)),)
    assert isinstance(next_move(sequence, Progress(ENTERED), facts(ENTERED, ENTERED, before), ENTERED), Open)


def test_three_unanswered_mails_end_it_and_a_click_begins_the_row_anew() -> None:
    steps = [step(f"s{number}", day(number)) for number in range(5)]
    sequence = letters(*steps, at_most=AtMost(3, unanswered=True))
    sent = tuple(touch(f"s{number}", f"2026-11-2{number} 14:30") for number in range(3))
    progress = Progress(ENTERED, ("s0", "s1", "s2"), at("2026-11-22 14:30"), at("2026-11-22 14:30"), "s2")
    now = at("2026-11-24 15:00")
    entered = at("2026-11-20 14:00")
    move = next_move(sequence, progress, facts(now, entered, (), sent), now)
    assert move == Leave("finished", "at-most", "Finished: 3 mails in a row without an answer.")
    click = (Happening("click", at("2026-11-21 16:00"), {"sequence": "letters", "step": "s1"}, enrolment_id=1),)
    assert isinstance(next_move(sequence, progress, facts(now, entered, click, sent), now), Open)


def test_service_mail_is_not_counted_as_unanswered() -> None:
    sequence = letters(HELLO, TIP, at_most=AtMost(1, unanswered=True))
    progress = passed(Progress(ENTERED), HELLO, ENTERED)
    now = ENTERED + timedelta(days=3)
    known = facts(now, ENTERED - timedelta(hours=1), (), (touch("hello", "2026-11-20 14:30", priority=0),))
    assert isinstance(next_move(sequence, progress, known, now), Open)


def test_behind_the_last_step_it_is_finished() -> None:
    progress = passed(Progress(ENTERED), HELLO, ENTERED)
    assert next_move(letters(HELLO), progress, facts(ENTERED, ENTERED), ENTERED).state == "finished"


def test_an_exit_that_can_not_be_asked_is_not_taken_for_a_no() -> None:
    sequence = letters(HELLO, stop=(stop_when("contact.stage < 3"),))
    with pytest.raises(ExpressionError):
        next_move(sequence, Progress(ENTERED), facts(ENTERED, ENTERED), ENTERED)


def test_a_step_without_a_window_of_its_own_uses_the_nearest_written() -> None:
    late = step("tip", day(0), window=Window.any())
    move = next_move(letters(late), Progress(SUNDAY_NIGHT), facts(SUNDAY_NIGHT, SUNDAY_NIGHT), SUNDAY_NIGHT)
    assert isinstance(move, Open)
    assert move.expires_at == SUNDAY_NIGHT + timedelta(days=7)
