"""What happens next to a person inside a sequence."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from service.domain.departure import Leave
from service.domain.enrolment import Open, Skip, Wait, next_move, passed
from service.domain.happening import Happening, Touch
from service.domain.schedule import Progress
from service.domain.sequence.expression import ExpressionError
from service.domain.sequence.model.duration import Duration, Unit
from service.domain.sequence.model.exit import AtMost, Exit
from service.domain.sequence.model.expression import Expression
from service.domain.sequence.model.sequence import Status
from service.domain.sequence.model.step import TaskField
from service.domain.sequence.vocabulary import Kind
from service.domain.window import Window
from tests.domain.stories import HERE, OFFICE, asks, at, day, facts, later, letters, step

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


LISTEN = replace(
    step("listen", later(10, Unit.MINUTES), window=Window.any()),
    wait_for=asks('answer("hello") == "happy"'),
    wait_up_to=Duration.of(5, Unit.DAYS),
)
DELIGHT = step("delight", later(1, Unit.DAYS), Kind.DELIGHT, window=Window.any())


def answered(value: str, when: datetime, step: str = "hello") -> Happening:
    return Happening("answer", when, {"sequence": "letters", "step": step, "value": value}, enrolment_id=1)


def test_a_step_waits_until_what_it_waits_for_holds_or_its_time_is_over() -> None:
    sequence, progress = letters(HELLO, LISTEN), passed(Progress(ENTERED), HELLO, ENTERED)
    due = ENTERED + timedelta(minutes=10)
    waits = next_move(sequence, progress, facts(due, ENTERED), due)
    assert waits == Wait(due + timedelta(days=5), LISTEN, due, 'Waits until “answer("hello") == "happy"” holds.')
    happy = (answered("happy", due),)
    now = due + timedelta(days=3)
    assert isinstance(next_move(sequence, progress, facts(now, ENTERED, happy), now), Open)
    over = due + timedelta(days=5)
    assert isinstance(next_move(sequence, progress, facts(over, ENTERED), over), Open)


def test_what_changes_while_nothing_happens_is_asked_again_in_an_hour() -> None:
    waits = replace(LISTEN, wait_for=asks('not upcoming("appointment")'))
    booked = (Happening("appointment.booked", ENTERED, {"starts": "2026-11-22T10:00:00Z"}, about="A1"),)
    due = ENTERED + timedelta(minutes=10)
    sequence, progress = letters(HELLO, waits), passed(Progress(ENTERED), HELLO, ENTERED)
    found = next_move(sequence, progress, facts(due, ENTERED, booked), due)
    assert isinstance(found, Wait)
    assert found.until == due + timedelta(hours=1)


def test_what_a_step_waited_for_comes_off_nobodys_keeping() -> None:
    """`delight` keeps two days. It stands behind a step that waited five days for an answer, and is not late."""
    unhappy = replace(LISTEN, condition=asks('answer("hello") == "unhappy"'))
    sequence = letters(HELLO, unhappy, DELIGHT)
    progress = passed(Progress(ENTERED), HELLO, ENTERED)
    now = ENTERED + timedelta(minutes=10, days=5)
    skip = next_move(sequence, progress, facts(now, ENTERED), now)
    assert isinstance(skip, Skip)
    assert skip.over_at == now
    behind = passed(progress, unhappy, None, skip.over_at)
    found = next_move(sequence, behind, facts(now, ENTERED), now)
    assert isinstance(found, Open)
    assert (found.step, found.due_at, found.overdue) == (DELIGHT, ENTERED + timedelta(days=1), False)
    assert found.expires_at == now + timedelta(days=2)


def test_after_an_outage_the_waiting_was_over_when_it_was_over() -> None:
    """The engine comes back three days after the answer's time ran out: what follows kept for two of them."""
    unhappy = replace(LISTEN, condition=asks('answer("hello") == "unhappy"'))
    sequence = letters(HELLO, unhappy, DELIGHT)
    progress = passed(Progress(ENTERED), HELLO, ENTERED)
    over = ENTERED + timedelta(minutes=10, days=5)
    now = over + timedelta(days=3)
    skip = next_move(sequence, progress, facts(now, ENTERED), now)
    assert isinstance(skip, Skip)
    assert skip.over_at == over
    late = next_move(sequence, passed(progress, unhappy, None, skip.over_at), facts(now, ENTERED), now)
    assert isinstance(late, Skip)
    assert (late.rule, late.state) == ("expired", "expired")


def test_a_skipped_step_takes_no_time() -> None:
    one = step("one", later(2, Unit.DAYS), condition='clicked("hello")')
    two = step("two", later(3, Unit.DAYS))
    progress = passed(Progress(ENTERED), HELLO, ENTERED)
    now = ENTERED + timedelta(days=2)
    skip = next_move(letters(HELLO, one, two), progress, facts(now, ENTERED), now)
    assert isinstance(skip, Skip)
    behind = passed(progress, one, None, skip.over_at)
    due = ENTERED + timedelta(days=3)
    assert next_move(letters(HELLO, one, two), behind, facts(now, ENTERED), now) == Wait(due, two, due)


def test_later_steps_count_from_the_mail_that_really_left() -> None:
    progress = passed(Progress(ENTERED), HELLO, ENTERED + timedelta(days=4))
    now = ENTERED + timedelta(days=4, hours=1)
    due = ENTERED + timedelta(days=5)
    assert next_move(letters(HELLO, DELIGHT), progress, facts(now, ENTERED), now) == Wait(due, DELIGHT, due)


def test_what_is_late_beyond_its_keeping_expires_and_says_until_when() -> None:
    now = ENTERED + timedelta(days=10)
    dropped = replace(TIP, drop_after=Duration.of(12, Unit.HOURS), window=Window.any())
    for each, until in ((HELLO, "Mon 23 Nov 15:30"), (dropped, "Mon 23 Nov 03:30")):
        found = next_move(letters(each), Progress(ENTERED), facts(now, ENTERED), now)
        assert isinstance(found, Skip)
        assert (found.state, found.reason) == ("expired", f"Expired: it was worth doing until {until}.")


def test_in_a_row_of_overdue_touches_one_goes_a_day() -> None:
    now = ENTERED + timedelta(days=2)
    caught_up = now - timedelta(hours=5)
    late = replace(facts(now, ENTERED), caught_up_at=caught_up)
    found = next_move(letters(HELLO), Progress(ENTERED), late, now)
    assert found == Wait(caught_up + timedelta(days=1), HELLO, ENTERED, "Held back: one overdue touch a day is enough.")
    free = next_move(letters(HELLO), Progress(ENTERED), facts(now, ENTERED), now)
    assert isinstance(free, Open)
    assert free.overdue


def test_what_is_on_time_is_not_held_back_by_what_was_overdue() -> None:
    now = ENTERED + timedelta(minutes=30)
    caught_up = replace(facts(now, ENTERED), caught_up_at=ENTERED)
    assert isinstance(next_move(letters(HELLO), Progress(ENTERED), caught_up, now), Open)


def test_a_mail_that_waits_holds_those_behind_it() -> None:
    assert next_move(
        letters(HELLO, TIP), Progress(ENTERED), facts(ENTERED, ENTERED), ENTERED, waiting={"hello"}
    ) == Wait(None)


def test_a_reply_holds_everything_until_somebody_has_read_it() -> None:
    found = next_move(letters(HELLO), Progress(ENTERED, paused=True), facts(ENTERED, ENTERED), ENTERED)
    assert isinstance(found, Wait)
    assert found.until is None


def test_from_a_paused_sequence_nothing_leaves_but_its_stops_are_asked() -> None:
    sequence = replace(letters(HELLO, stop=(stop_when('contact.stage == "client"'),)), status=Status.PAUSED)
    found = next_move(sequence, Progress(ENTERED), facts(ENTERED, ENTERED), ENTERED)
    assert isinstance(found, Wait)
    assert found.until is not None
    assert found.until > ENTERED
    client = facts(ENTERED, ENTERED, stage="client")
    assert isinstance(next_move(sequence, Progress(ENTERED), client, ENTERED), Leave)


def test_so_many_emails_are_enough_and_a_task_is_none() -> None:
    call = replace(step("call", day(3)), subjects=(), task=TaskField("call", "front-desk"))
    sent = (touch("tip", "2026-11-22 14:30"),)
    progress = passed(passed(Progress(ENTERED), HELLO, ENTERED), TIP, at("2026-11-22 14:30"))
    now = ENTERED + timedelta(days=3)
    known = facts(now, ENTERED, (), sent)
    mail = letters(HELLO, TIP, step("more", day(3)), at_most=AtMost(1, unanswered=False))
    assert next_move(mail, progress, known, now) == Leave(
        "finished", "at-most", "Finished: 1 mail was sent, as many as it may send."
    )
    assert isinstance(next_move(replace(mail, steps=(HELLO, TIP, call)), progress, known, now), Open)


def test_a_condition_that_can_not_be_asked_skips_and_says_why() -> None:
    for each in (replace(TIP, condition=asks("contact.tags < 3")), replace(LISTEN, wait_for=asks("contact.tags < 3"))):
        now = ENTERED + timedelta(days=3)
        found = next_move(letters(each), Progress(ENTERED), facts(now, ENTERED, tags=["vip"]), now)
        assert isinstance(found, Skip)
        assert "can't be asked" in found.reason
        assert found.reason.endswith(".")
