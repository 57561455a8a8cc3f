"""Dated steps: which are passed, by whom, and what happens when their date moves."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time, timedelta

from service.domain.enrolment import Move, Open, Recall, Skip, Wait, next_move, passed
from service.domain.moment import Moment
from service.domain.schedule import Progress
from service.domain.sequence.model.duration import Duration, Unit
from service.domain.sequence.model.sequence import Sequence
from service.domain.sequence.model.step import TaskField
from service.domain.sequence.vocabulary import Kind
from service.domain.window import Window
from tests.domain.stories import after, asks, at, before, day, facts, later, letters, on_the_day, step

ENTERED = at("2026-11-01 10:00")
DATE = Moment(at("2026-12-03 15:00"))  # a Thursday, four in the afternoon in Berlin
ANY = Window.any()
HELLO = step("hello", day(0), window=ANY)
WEEK = step("week", before(7, Unit.DAYS), window=ANY)
EVE = step("eve", before(1, Unit.DAYS), window=ANY)
TODAY = step("today", on_the_day(time(9)), window=ANY)
CARD = replace(step("card", on_the_day()), subjects=(), task=TaskField("card", "front-desk"))
THANKS = step("thanks", after(2, Unit.HOURS), window=ANY)


def move(sequence: Sequence, progress: Progress, now: datetime, waiting: tuple[str, ...] = (), **known: object) -> Move:
    about = replace(facts(now, progress.entered_at), date=progress.date, **known)
    return next_move(sequence, progress, about, now, waiting=waiting)


def words(found: Move) -> tuple[str, str]:
    assert isinstance(found, Skip)
    assert found.reason.endswith(".")
    return found.step.key, found.rule


def test_a_dated_step_does_not_wait_for_those_above_it_and_they_are_passed() -> None:
    sequence = letters(HELLO, TODAY)
    now = at("2026-12-03 08:00")
    progress = Progress(now - timedelta(days=1), date=DATE)
    assert words(move(sequence, progress, now, ("hello",))) == ("hello", "passed")
    then = passed(progress, HELLO, None, now)
    assert isinstance(move(sequence, then, now), Open)


def test_a_mail_that_waits_at_nine_is_not_passed_by_a_card_at_midnight_written_below_it() -> None:
    sequence = letters(TODAY, CARD)
    midnight, progress = at("2026-12-02 23:00"), Progress(ENTERED, date=DATE)
    card = move(sequence, progress, midnight)
    assert isinstance(card, Open)
    assert card.step == CARD
    done = passed(progress, CARD, midnight)
    assert move(sequence, done, midnight) == Wait(at("2026-12-03 08:00"), TODAY, at("2026-12-03 08:00"))
    mail = move(sequence, done, at("2026-12-03 08:00"))
    assert isinstance(mail, Open)
    assert mail.step == TODAY


def test_that_mail_goes_even_where_the_card_was_opened_late() -> None:
    """After an outage that ended at noon, the card is done at noon: later than the mail's own time."""
    noon = at("2026-12-03 11:00")
    done = passed(Progress(ENTERED, date=DATE), CARD, noon)
    mail = move(letters(TODAY, CARD), done, noon)
    assert isinstance(mail, Open)
    assert mail.step == TODAY


def test_two_that_are_due_at_the_same_instant_both_go() -> None:
    replay = replace(THANKS, key="replay", condition=asks("not event.starts"))
    sequence = letters(THANKS, replay)
    now, progress = at("2026-12-03 17:00"), Progress(ENTERED, date=DATE)
    first = move(sequence, progress, now)
    assert isinstance(first, Open)
    assert first.step == THANKS
    second = move(sequence, progress, now, ("thanks",))
    assert isinstance(second, Open)
    assert second.step == replay


def test_after_an_outage_the_one_above_is_passed_before_it_takes_the_days_only_turn() -> None:
    now = at("2026-12-03 20:00")
    progress = Progress(ENTERED, ("hello",), ENTERED, date=DATE)
    sequence = letters(HELLO, TODAY, THANKS)
    assert words(move(sequence, progress, now)) == ("today", "passed")
    found = move(sequence, passed(progress, TODAY, None, now), now)
    assert isinstance(found, Open)
    assert (found.step, found.overdue) == (THANKS, True)


def test_a_before_step_never_opens_once_its_date_has_come() -> None:
    progress = Progress(ENTERED, date=DATE)
    assert isinstance(move(letters(EVE), progress, DATE.at - timedelta(seconds=1)), Open)
    assert words(move(letters(EVE), progress, DATE.at)) == ("eve", "date-over")
    opened = move(letters(EVE), progress, at("2026-12-02 15:00"))
    assert isinstance(opened, Open)
    assert opened.expires_at == DATE.at


def test_who_learns_of_a_date_late_joins_in_the_middle() -> None:
    entered = at("2026-12-02 18:00")
    progress = Progress(entered, date=DATE)
    sequence = letters(WEEK, EVE, TODAY)
    assert words(move(sequence, progress, entered)) == ("week", "entered-later")
    there = passed(progress, WEEK, None, entered)
    assert words(move(sequence, there, entered)) == ("eve", "entered-later")
    there = passed(there, EVE, None, entered)
    assert move(sequence, there, entered) == Wait(at("2026-12-03 08:00"), TODAY, at("2026-12-03 08:00"))


def test_on_the_day_itself_what_comes_after_is_not_too_late_and_nobody_is_overdue() -> None:
    entered = at("2026-12-03 12:00")
    found = move(letters(EVE, TODAY), passed(Progress(entered, date=DATE), EVE, None), entered)
    assert isinstance(found, Open)
    assert not found.overdue
    assert words(move(letters(TODAY), Progress(at("2026-12-04 12:00"), date=DATE), at("2026-12-04 12:00"))) == (
        "today",
        "entered-later",
    )


def test_a_date_that_is_moved_calls_back_the_mail_that_waits() -> None:
    moved = Progress(ENTERED, date=Moment(at("2026-12-10 15:00")))
    found = move(letters(EVE), moved, at("2026-12-02 16:00"), ("eve",))
    assert found == Recall(EVE, at("2026-12-09 15:00"))


def test_a_date_moved_into_the_past_ends_the_mail_that_waits_and_one_that_comes_nearer_bounds_it() -> None:
    now = at("2026-12-02 16:00")
    over = move(letters(EVE), Progress(ENTERED, date=Moment(now - timedelta(hours=1))), now, ("eve",))
    assert words(over) == ("eve", "date-over")
    near = Moment(now + timedelta(hours=3))
    assert move(letters(EVE), Progress(ENTERED, date=near), now, ("eve",)) == Wait(near.at)


def test_a_date_that_is_taken_away_ends_it() -> None:
    found = move(letters(EVE), Progress(ENTERED), at("2026-12-02 16:00"))
    assert found.reason == "Stopped: the date it counts from was taken away."


def test_a_step_written_above_one_that_was_done_is_passed_where_its_time_is_over() -> None:
    now = at("2026-12-02 16:00")
    done = passed(Progress(ENTERED, date=DATE), EVE, at("2026-12-02 15:00"))
    assert words(move(letters(WEEK, EVE), done, now)) == ("week", "inserted")
    published = replace(passed(Progress(ENTERED, date=DATE), HELLO, ENTERED), replanned_at=now)
    assert words(move(letters(WEEK, HELLO, TODAY), published, now)) == ("week", "inserted")
    assert isinstance(move(letters(TODAY, HELLO), published, now), Wait), "its time lies ahead"


def test_a_dated_step_goes_beside_one_that_waits_for_something() -> None:
    listen = replace(step("listen", day(0), Kind.SERVICE), wait_for=asks('answer("hello")'))
    listen = replace(listen, wait_up_to=Duration.of(60, Unit.DAYS))
    progress = Progress(ENTERED, date=DATE)
    waits = move(letters(HELLO, listen, TODAY), passed(progress, HELLO, ENTERED), ENTERED)
    assert isinstance(waits, Wait)
    assert (waits.step, waits.until) == (listen, at("2026-12-03 08:00"))


def test_an_hour_after_a_dated_mail_that_was_passed_is_an_hour_after_entering() -> None:
    """A skipped step takes no time."""
    said = step("said", later(1, Unit.HOURS))
    entered = at("2026-12-04 12:00")
    progress = passed(Progress(entered, date=DATE), TODAY, None, entered)
    assert move(letters(TODAY, said), progress, entered) == Wait(
        entered + timedelta(hours=1), said, entered + timedelta(hours=1)
    )
