"""What a new version means for one person: the rules of the language, one by one."""

from __future__ import annotations

from datetime import timedelta

from service.domain.enrolment import Wait, passed
from service.domain.replan import Replan, Row, ahead, may_reopen, replan
from service.domain.schedule import Progress
from service.domain.sequence.model.duration import Unit
from service.domain.sequence.model.sequence import Sequence
from service.domain.sequence.vocabulary import Kind
from tests.domain.stories import LOCAL, at, day, facts, later, letters, step

ENTERED = at("2026-11-02 10:00")
DAY = timedelta(days=1)
HELLO, TIP, LETTER = step("hello", day(0), Kind.SERVICE), step("tip", day(3)), step("letter", later(7, Unit.DAYS))


def after(*done: object) -> Progress:
    """The progress of somebody who has had these steps, a day apart."""
    progress = Progress(ENTERED)
    for number, each in enumerate(done):
        progress = passed(progress, each, ENTERED + number * DAY)  # type: ignore[arg-type]
    return progress


def look(sequence: Sequence, progress: Progress, now: object, *rows: Row) -> Replan:
    return replan(sequence, progress, facts(now, ENTERED), now, rows)  # type: ignore[arg-type]


def test_a_step_that_stays_keeps_its_touch_and_only_its_time_is_reckoned_anew() -> None:
    now = ENTERED + DAY
    found = look(
        letters(HELLO, step("tip", day(5)), LETTER), after(HELLO), now, Row("tip", "planned", ENTERED + 3 * DAY)
    )
    assert (found.drops, found.forgotten) == ((), ())
    assert [(turn.step.key, turn.due_at) for turn in found.turns] == [("tip", ENTERED + 5 * DAY)]
    assert isinstance(found.move, Wait)


def test_a_planned_touch_that_is_not_next_any_more_is_forgotten_and_one_that_is_behind_is_dropped() -> None:
    planned = Row("letter", "planned", ENTERED + 7 * DAY)
    found = look(letters(HELLO, TIP, LETTER), after(HELLO), ENTERED + DAY, planned)
    assert found.forgotten == ("letter",)
    found = look(letters(LETTER, HELLO, TIP), after(HELLO), ENTERED + DAY, planned)
    assert [(drop.step, drop.rule) for drop in found.drops] == [("letter", "moved-up")]


def test_what_a_new_version_puts_into_the_past_is_due_since_that_version() -> None:
    now = ENTERED + 60 * DAY
    found = look(letters(HELLO, TIP), after(HELLO), now)
    assert found.turns[0].due_at == now
    assert found.progress.replanned_at == now


def test_what_was_late_already_stays_late() -> None:
    now = ENTERED + 60 * DAY
    found = look(letters(HELLO, TIP), after(HELLO), now, Row("tip", "planned", ENTERED + 3 * DAY))
    assert found.turns[0].due_at == ENTERED + 3 * DAY
    assert found.progress.replanned_at is None


def test_a_mail_that_waits_for_its_slot_holds_what_is_behind_it() -> None:
    found = look(letters(HELLO, TIP, LETTER), after(HELLO), ENTERED + 4 * DAY, Row("tip", "held", ENTERED + 3 * DAY))
    assert found.waiting == {"tip"}
    assert found.move == Wait(None)


def test_a_step_that_comes_back_is_owed_again() -> None:
    gone = Row("tip", "cancelled", ENTERED + 3 * DAY, "removed")
    found = look(letters(HELLO, TIP), after(HELLO), ENTERED + DAY, gone)
    assert found.forgotten == ("tip",)
    assert found.turns[0].step.key == "tip"


def test_somebody_who_had_finished_is_reopened_only_for_what_lies_behind_their_last_step() -> None:
    now = ENTERED + 30 * DAY
    assert not may_reopen(letters(HELLO, TIP), look(letters(HELLO, TIP), after(HELLO, TIP), now))
    assert not may_reopen(
        letters(HELLO, step("more", day(2)), TIP),
        look(letters(HELLO, step("more", day(2)), TIP), after(HELLO, TIP), now),
    )
    longer = letters(HELLO, TIP, LETTER)
    assert may_reopen(longer, look(longer, after(HELLO, TIP), now))


def test_the_steps_ahead_are_those_behind_the_last_one_done() -> None:
    sequence = letters(HELLO, step("early", day(1)), TIP, LETTER)
    assert ahead(sequence, after(HELLO, TIP), LOCAL, ENTERED + 4 * DAY) == {"letter"}
    assert ahead(sequence, after(HELLO), LOCAL, ENTERED + DAY) == {"early", "tip", "letter"}
