"""Steps whose time is over: dated ones that come too late, and those that a dated one below them passes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from service.domain.move import Skip
from service.domain.schedule import Local, Progress, Turn, due_at, is_dated, last_passed, turns
from service.domain.sequence.model.sequence import Sequence
from service.domain.sequence.model.step import Anchor


def too_late(sequence: Sequence, progress: Progress, local: Local, due: Iterable[Turn], now: datetime) -> Skip | None:
    """The first dated step that will not be done any more."""
    dated = (turn for turn in due if is_dated(turn.step))
    found = (_behind_its_time(sequence, progress, turn, local, now) for turn in dated)
    return next((skip for skip in found if skip is not None), None)


def _behind_its_time(sequence: Sequence, progress: Progress, turn: Turn, local: Local, now: datetime) -> Skip | None:
    """A dated step whose time lay before entering, before that of one below it, or behind its own date."""
    step, due = turn.step, turn.due_at
    assert progress.date is not None
    over = date_over(turn, progress, now)
    if over is not None:
        return over
    entered = progress.entered_at
    same_day = due.astimezone(local.zone).date() == entered.astimezone(local.zone).date()
    if due < entered and (step.when.anchor is Anchor.BEFORE or not same_day):
        return Skip(step, due, due, "entered-later", "Passed: its time lay before the person entered.")
    if _was_inserted(sequence, progress, turn, local):
        return Skip(step, due, due, "inserted", "Passed: a step that comes after it was done before it was written.")
    return None


def _was_inserted(sequence: Sequence, progress: Progress, turn: Turn, local: Local) -> bool:
    """Whether a dated step was written above the last one that is behind, when its own time had passed."""
    last = last_passed(sequence, progress.passed)
    if turn.place >= last:
        return False
    if progress.replanned_at is not None and turn.due_at < progress.replanned_at:
        return True
    step = sequence.steps[last]
    return is_dated(step) and turn.due_at < due_at(step, sequence, progress, local)


def left_behind(sequence: Sequence, progress: Progress, local: Local, due: Iterable[Turn]) -> Skip | None:
    """The first step above a dated one that still waits when that is due: it is passed, unless its time is later."""
    dated = [turn for turn in due if is_dated(turn.step)]
    left = sorted(turns(sequence, progress, local), key=lambda each: each.place) if dated else []
    for turn in dated:
        for other in left:
            if other.place < turn.place and (not is_dated(other.step) or other.due_at < turn.due_at):
                reason = f"Passed: “{turn.step.title}” waits for no step above it, and its time has come."
                return Skip(other.step, other.due_at, turn.due_at, "passed", reason)
    return None


def date_over(turn: Turn, progress: Progress, now: datetime) -> Skip | None:
    """A `before` step whose date has come."""
    if turn.step.when.anchor is not Anchor.BEFORE or progress.date is None or now < progress.date.at:
        return None
    reason = "Passed: it belongs before the date, and that is over."
    return Skip(turn.step, turn.due_at, progress.date.at, "date-over", reason, "expired")
