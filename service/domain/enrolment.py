"""What happens next to a person inside a sequence: one pure function, the same for sending and for looking ahead."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from service.domain.arm import HOLDOUT
from service.domain.departure import Convert, Leave, at_most, exit_of
from service.domain.duration import add
from service.domain.facts import Facts
from service.domain.kind import MANNERS
from service.domain.schedule import Local, Progress, Turn, closed_days, is_dated, last_passed, turns, window_of
from service.domain.sequence.expression import ExpressionError
from service.domain.sequence.model import Anchor, Sequence, Status, Step
from service.domain.window import next_open

RETRY_CONDITION = timedelta(hours=1)
OVERDUE = timedelta(hours=1)  # later than this is no delay of a busy minute: it waits its day
TASKS_KEEP = timedelta(days=30)  # what is no mail, from its due time, where nobody says `Drop after`
CATCH_UP = timedelta(days=1)  # one overdue touch a person in this time
PASSING = ("today", "days_since", "within", "upcoming")  # a condition with one of these changes while nothing happens


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing to do before `until`; None: until something else happens.

    `step` is what comes next, if anything, and `due_at` its time; `until` may be sooner, when something is asked again.
    """

    until: datetime | None
    step: Step | None = None
    due_at: datetime | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Open:
    """A step is due. A mail enters the competition for a slot, and is worth sending until `expires_at`; a task is
    given to somebody; an action is carried out. `overdue`: it comes late, and no other late one may follow today."""

    step: Step
    due_at: datetime
    expires_at: datetime
    overdue: bool = False


@dataclass(frozen=True, slots=True)
class Skip:
    """A step is passed; it takes no time. `state` is `skipped` or `expired`."""

    step: Step
    due_at: datetime
    rule: str
    reason: str
    state: str = "skipped"


@dataclass(frozen=True, slots=True)
class Recall:
    """A mail that waits for its slot goes back: its date was moved, and it is due later now."""

    step: Step
    due_at: datetime


Move = Wait | Open | Skip | Recall | Convert | Leave


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
    recalled = next((turn for turn in in_line if turn.step.key in waiting and _moved_on(turn, now)), None)
    if recalled is not None:
        return Recall(recalled.step, recalled.due_at)
    in_line = [turn for turn in in_line if turn.step.key not in waiting]
    if waiting:
        in_line = [turn for turn in in_line if is_dated(turn.step)]
    if not in_line:
        return Wait(None) if waiting else Leave("finished", "end", "Finished: every step is behind.")
    return _take_turn(sequence, progress, facts, local, in_line, now)


def _moved_on(turn: Turn, now: datetime) -> bool:
    return is_dated(turn.step) and turn.due_at > now


def _take_turn(
    sequence: Sequence,
    progress: Progress,
    facts: Facts,
    local: Local,
    in_line: list[Turn],
    now: datetime,
) -> Move:
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
    if is_dated(step):
        late = _behind_its_time(sequence, progress, turn, local, now) or _left_behind(sequence, progress, turn, local)
        if late is not None:
            return late
    if sequence.status is Status.PAUSED:
        return Wait(now + RETRY_CONDITION, step, turn.due_at, "The sequence is paused.")
    if facts.arm == HOLDOUT and sequence.arms and not _is_service(step):
        return Skip(step, turn.due_at, "holdout", "Skipped: the person is in the holdout, who get service mail only.")
    tired = at_most(sequence, step, facts)
    return tired or _wait(step, turn, facts, now) or _ask(sequence, turn, facts, local, now)


def _behind_its_time(
    sequence: Sequence, progress: Progress, turn: Turn, local: Local, now: datetime
) -> Skip | None:
    """A dated step whose time lay before entering, before a later one was done, or behind its own date."""
    step, due = turn.step, turn.due_at
    assert progress.date is not None
    if step.when.anchor is Anchor.BEFORE and now > progress.date.at:
        return Skip(step, due, "date-over", "Passed: it belongs before the date, and that is over.", "expired")
    entered = progress.entered_at
    same_day = due.astimezone(local.zone).date() == entered.astimezone(local.zone).date()
    if due < entered and (step.when.anchor is Anchor.BEFORE or not same_day):
        return Skip(step, due, "entered-later", "Passed: its time lay before the person entered.")
    if turn.place < last_passed(sequence, progress.passed) and due < (progress.last_done_at or entered):
        return Skip(step, due, "inserted", "Passed: a step that comes after it was done before it was written.")
    return None


def _left_behind(sequence: Sequence, progress: Progress, turn: Turn, local: Local) -> Skip | None:
    """The first step above a dated one that still waits when that is due: it is passed, unless its time is later."""
    above = (other for other in turns(sequence, progress, local) if other.place < turn.place)
    for other in sorted(above, key=lambda each: each.place):
        if not is_dated(other.step) or other.due_at < turn.due_at:
            reason = f"Passed: “{turn.step.title}” waits for no step above it, and its time has come."
            return Skip(other.step, other.due_at, "passed", reason)
    return None


def _wait(step: Step, turn: Turn, facts: Facts, now: datetime) -> Move | None:
    if step.wait_for is None or step.wait_up_to is None:
        return None
    until = add(turn.due_at, step.wait_up_to, facts.zone)
    if now >= until:
        return None
    source = step.wait_for.source
    try:
        if facts.holds(source):
            return None
    except ExpressionError as error:
        return Skip(step, turn.due_at, "wait-for", f"Skipped: what it waits for can't be asked: {error}")
    if any(word in source for word in PASSING):
        until = min(until, now + RETRY_CONDITION)
    return Wait(until, step, turn.due_at, f"Waits until “{source}” holds.")


def _ask(sequence: Sequence, turn: Turn, facts: Facts, local: Local, now: datetime) -> Move:
    step, due = turn.step, turn.due_at
    if step.condition is not None:
        try:
            holds = facts.holds(step.condition.source)
        except ExpressionError as error:
            return Skip(step, due, "if", f"Skipped: its condition can't be asked: {error}")
        if not holds:
            return Skip(step, due, "if", f"Skipped: “{step.condition.source}” does not hold.")
    # What was waited for came when it came: only what nothing held back is late.
    since = now if step.wait_for is not None else due
    ends = expires_at(sequence, step, since, facts)
    if now > ends:
        when = f"{ends.astimezone(facts.zone):%a %-d %b %H:%M}"
        return Skip(step, due, "expired", f"Expired: it was worth doing until {when}.", "expired")
    overdue = now - since > OVERDUE and (step.is_email or step.task is not None)
    if overdue and facts.caught_up_at is not None and now < facts.caught_up_at + CATCH_UP:
        return Wait(facts.caught_up_at + CATCH_UP, step, due, "Held back: one overdue touch a day is enough.")
    return Open(step, due, ends, overdue)


def expires_at(sequence: Sequence, step: Step, due: datetime, facts: Facts) -> datetime:
    """Until when a step is worth doing: its kind's keeping, or `Drop after`, from its first permitted minute.

    A `before` step never leaves after its date. People's work keeps as long as nobody says `Drop after`.
    """
    local = facts.local(sequence)
    first = next_open(window_of(sequence, step, local.window), due, facts.zone, closed_days(step, local)) or due
    if step.drop_after is not None:
        ends = add(first, step.drop_after, facts.zone)
    elif step.is_email:
        ends = first + MANNERS[step.kind].keeps
    else:
        ends = first + TASKS_KEEP
    if step.when.anchor is Anchor.BEFORE and facts.date is not None:
        return min(ends, facts.date.at)
    return ends


def passed(progress: Progress, step: Step, at: datetime | None) -> Progress:
    """The progress once a step is behind: `at` when it was done (a mail left, a task was opened), None where not."""
    behind = (*progress.passed, step.key)
    if at is None:
        return replace(progress, passed=behind)
    if not step.is_email:
        return replace(progress, passed=behind, last_done_at=at)
    return replace(progress, passed=behind, last_done_at=at, last_mail_at=at, last_mail_step=step.key)


def _is_service(step: Step) -> bool:
    return step.is_email and MANNERS[step.kind].priority == 0
