"""What happens next to a person inside a sequence: one pure function, the same for sending and for looking ahead."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from service.domain.arm import HOLDOUT
from service.domain.departure import Leave, at_most, exit_of
from service.domain.facts import Facts
from service.domain.kind import MANNERS, keeps_of
from service.domain.late import date_over, left_behind, too_late
from service.domain.move import Move as Move
from service.domain.move import Open as Open
from service.domain.move import Recall as Recall
from service.domain.move import Skip as Skip
from service.domain.move import Wait as Wait
from service.domain.schedule import (
    Local,
    Progress,
    Turn,
    closed_days,
    due_at,
    is_dated,
    turns,
    window_of,
)
from service.domain.sequence.expression import ExpressionError
from service.domain.sequence.model.sequence import Sequence, Status
from service.domain.sequence.model.step import Anchor, Step
from service.domain.window import next_open

RETRY_CONDITION = timedelta(hours=1)
OVERDUE = timedelta(hours=1)  # later than this is no delay of a busy minute: it waits its day
TASKS_KEEP = timedelta(days=30)  # what is no mail, from its due time, where nobody says `Drop after`
CATCH_UP = timedelta(days=1)  # one overdue touch a person in this time
# A condition with one of these changes while nothing happens that would wake who waits for it.
PASSING = ("today", "days_since", "within", "upcoming", "segment", "sent", "done", "inside", "consented", "referral")


def next_move(
    sequence: Sequence, progress: Progress, facts: Facts, now: datetime, *, waiting: Collection[str] = ()
) -> Move:
    """The one thing to do next for an enrolment.

    `waiting` are the keys of its steps that are open already: mails that are due, held or cleared. They hold the
    steps behind them, but no dated one. The order is the language's: goal, stop, then the next step: its time, its
    `Wait for`, its `If`. Raises ExpressionError where a stop or goal can't be asked: the enrolment then rests.
    """
    leave = exit_of(sequence, progress, facts, now)
    if leave is not None:
        return leave
    if progress.paused:
        return Wait(None, reason="Paused: a reply waits for somebody to read it.")
    local = facts.local(sequence)
    in_line = turns(sequence, progress, local)
    held = [turn for turn in in_line if turn.step.key in waiting]
    moved = _moved(held, progress, now)
    if moved is not None:
        return moved
    in_line = [turn for turn in in_line if turn.step.key not in waiting and (is_dated(turn.step) or not waiting)]
    if not in_line and not waiting:
        return Leave("finished", "end", "Finished: every step is behind.")
    move = _take_turn(sequence, progress, facts, local, in_line, now) if in_line else Wait(None)
    if not isinstance(move, Wait):
        return move
    if progress.date and any(turn.step.when.anchor is Anchor.BEFORE for turn in held):
        move = replace(move, until=min(move.until or progress.date.at, progress.date.at))
    if waiting and _exit_passes(sequence):
        again = now + RETRY_CONDITION
        move = replace(move, until=min(move.until or again, again))
    return move


def _exit_passes(sequence: Sequence) -> bool:
    """Whether a goal or a stop may come to hold, and stop what waits for its slot, while nothing wakes the person."""
    exits = (*sequence.stop, sequence.goal) if sequence.goal else sequence.stop
    return any(way.when is not None and any(word in way.when.source for word in PASSING) for way in exits)


def _moved(held: Iterable[Turn], progress: Progress, now: datetime) -> Skip | Recall | None:
    """A mail that waits for its slot although its date was moved: it is over, or due later."""
    for turn in held:
        if is_dated(turn.step) and turn.due_at > now:
            return Recall(turn.step, turn.due_at)
        over = date_over(turn, progress, now)
        if over is not None:
            return over
    return None


def _take_turn(
    sequence: Sequence,
    progress: Progress,
    facts: Facts,
    local: Local,
    in_line: list[Turn],
    now: datetime,
) -> Move:
    due = [turn for turn in in_line if turn.due_at <= now]
    late = too_late(sequence, progress, local, due, now) or left_behind(sequence, progress, local, due)
    if late is not None:
        return late
    rests: list[Wait] = []
    for turn in in_line:
        if turn.due_at > now:
            rests.append(Wait(turn.due_at, turn.step, turn.due_at))
            break
        move = _come_due(sequence, progress, facts, local, turn, now)
        if not isinstance(move, Wait):
            return move
        rests.append(move)  # a dated step does not wait for it
    return _soonest(rests)


def _soonest(rests: list[Wait]) -> Wait:
    """The wait of the first in line, but no longer than the shortest."""
    until = min((rest.until for rest in rests if rest.until is not None), default=None)
    return replace(rests[0], until=until)


def _come_due(
    sequence: Sequence,
    progress: Progress,
    facts: Facts,
    local: Local,
    turn: Turn,
    now: datetime,
) -> Move:
    step = turn.step
    if sequence.status is Status.PAUSED:
        return Wait(now + RETRY_CONDITION, step, turn.due_at, "The sequence is paused.")
    since = _in_line_since(turn, progress)
    if facts.arm == HOLDOUT and sequence.arms and not _is_service(step):
        reason = "Skipped: the person is in the holdout, who get service mail only."
        return Skip(step, turn.due_at, since, "holdout", reason)
    tired = at_most(sequence, step, facts)
    return tired or _wait(sequence, turn, since, facts, now) or _ask(sequence, progress, turn, since, facts, now)


def _in_line_since(turn: Turn, progress: Progress) -> datetime:
    """When a step could first be done: at its time, but not before the person had entered and what an undated one
    stands in line behind had come to its end. Nobody is late who was held up."""
    times = [turn.due_at, progress.entered_at]
    if not is_dated(turn.step) and progress.passed_at is not None:
        times.append(progress.passed_at)
    return max(times)


def _wait(sequence: Sequence, turn: Turn, since: datetime, facts: Facts, now: datetime) -> Move | None:
    step = turn.step
    if step.wait_for is None or step.wait_up_to is None:
        return None
    until = facts.plus(since, step.wait_up_to, sequence)
    if now >= until:
        return None
    source = step.wait_for.source
    try:
        if facts.holds(source):
            return None
    except ExpressionError as error:
        return Skip(step, turn.due_at, since, "wait-for", f"Skipped: what it waits for can't be asked: {error}.")
    if any(word in source for word in PASSING):
        until = min(until, now + RETRY_CONDITION)
    return Wait(until, step, turn.due_at, f"Waits until “{source}” holds.")


def _ask(sequence: Sequence, progress: Progress, turn: Turn, since: datetime, facts: Facts, now: datetime) -> Move:
    step, due = turn.step, turn.due_at
    if step.wait_for is not None and step.wait_up_to is not None:
        # What was waited for came when it came, at the latest when the waiting was over.
        since = min(now, facts.plus(since, step.wait_up_to, sequence))
    if step.condition is not None:
        try:
            holds = facts.holds(step.condition.source)
        except ExpressionError as error:
            return Skip(step, due, since, "if", f"Skipped: its condition can't be asked: {error}.")
        if not holds:
            return Skip(step, due, since, "if", f"Skipped: “{step.condition.source}” does not hold.")
    ends = expires_at(sequence, step, since, facts)
    if now > ends:
        when = f"{ends.astimezone(facts.zone):%a %-d %b %H:%M}"
        return Skip(step, due, ends, "expired", f"Expired: it was worth doing until {when}.", "expired")
    is_touch = step.is_email or step.task is not None
    overdue = is_touch and now - _owed_since(sequence, turn, since, progress, facts) > OVERDUE
    if overdue and facts.caught_up_at is not None and now < facts.caught_up_at + CATCH_UP:
        return Wait(facts.caught_up_at + CATCH_UP, step, due, "Held back: one overdue touch a day is enough.")
    return Open(step, due, ends, overdue)


def _owed_since(sequence: Sequence, turn: Turn, since: datetime, progress: Progress, facts: Facts) -> datetime:
    """When a step would have come in a world without delays: those of an outage must not come one upon the other."""
    if turn.step.when.anchor is not Anchor.DAY or turn.step.wait_for is not None:
        return since
    undelayed = replace(progress, last_mail_at=None, last_mail_step=None)
    return due_at(turn.step, sequence, undelayed, facts.local(sequence))


def expires_at(sequence: Sequence, step: Step, due: datetime, facts: Facts) -> datetime:
    """Until when a step is worth doing: its kind's keeping, or `Drop after`, from its first permitted minute.

    A `before` step never leaves after its date. People's work keeps as long as nobody says `Drop after`.
    """
    local = facts.local(sequence)
    first = next_open(window_of(sequence, step, local.window), due, facts.zone, closed_days(step, local)) or due
    if step.drop_after is not None:
        ends = facts.plus(first, step.drop_after, sequence)
    elif step.is_email:
        ends = first + keeps_of(step.kind, facts.business.throttle)
    else:
        ends = first + TASKS_KEEP
    if step.when.anchor is Anchor.BEFORE and facts.date is not None:
        return min(ends, facts.date.at)
    return ends


def passed(progress: Progress, step: Step, at: datetime | None, over_at: datetime | None = None) -> Progress:
    """The progress once a step is behind: `at` when it was done (a mail left, a task was opened), None where not;
    `over_at` when its turn was over, where it was not done."""
    left_at = at if step.is_email else None
    return Progress(
        progress.entered_at,
        (*progress.passed, step.key),
        at or progress.last_done_at,
        left_at or progress.last_mail_at,
        step.key if left_at else progress.last_mail_step,
        progress.date,
        paused=progress.paused,
        converted=progress.converted,
        replanned_at=progress.replanned_at,
        passed_at=max(filter(None, (at, over_at, progress.passed_at)), default=None),
    )


def _is_service(step: Step) -> bool:
    return step.is_email and MANNERS[step.kind].priority == 0
