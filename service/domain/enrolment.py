"""What happens next to a person inside a sequence: one pure function, the same for sending and for looking ahead."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from service.domain.facts import Facts
from service.domain.kind import MANNERS
from service.domain.schedule import Progress, add, due_at, next_step
from service.domain.sequence.expression import ExpressionError
from service.domain.sequence.model import Exit, Kind, Sequence, Status, Step
from service.domain.window import Window, next_open

RETRY_CONDITION = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing to do before `until`; None: until something else happens. `step` is what is waited for, if anything."""

    until: datetime | None
    step: Step | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Open:
    """A mail is due: it enters the competition for a slot, and is worth sending until `expires_at`."""

    step: Step
    due_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Skip:
    """A step is passed; it takes no time."""

    step: Step
    due_at: datetime
    rule: str
    reason: str


@dataclass(frozen=True, slots=True)
class Leave:
    """The way through the sequence is over: `state` is finished, converted or stopped."""

    state: str
    rule: str
    reason: str


Move = Wait | Open | Skip | Leave


def next_move(sequence: Sequence, progress: Progress, facts: Facts, now: datetime, *, open_step: bool = False) -> Move:
    """The one thing to do next for an enrolment.

    `open_step`: a mail of this enrolment is on its way already (due, held, cleared or handed over), so that only the
    exits are asked. The order is the language's: goal, stop, `at most`, then the next step: its time, its condition.
    Raises ExpressionError where a stop or goal can't be asked: the enrolment then rests, and says so.
    """
    leave = _exit(sequence, facts, now)
    if leave:
        return leave
    if open_step:
        return Wait(None)
    step = next_step(sequence, progress.passed)
    if step is None:
        return Leave("finished", "end", "Finished: every step is behind.")
    due = due_at(step, sequence, progress, facts.zone)
    if due > now:
        return Wait(due, step)
    if sequence.status is Status.PAUSED:
        return Wait(now + RETRY_CONDITION, step, "The sequence is paused.")
    tired = _at_most(sequence, step, facts)
    return tired or _ask(sequence, step, due, facts, now)


def _ask(sequence: Sequence, step: Step, due: datetime, facts: Facts, now: datetime) -> Move:
    if step.condition is not None:
        try:
            holds = facts.holds(step.condition.source)
        except ExpressionError as error:
            return Skip(step, due, "if", f"Skipped: its condition can't be asked: {error}")
        if not holds:
            return Skip(step, due, "if", f"Skipped: “{step.condition.source}” does not hold.")
    return Open(step, due, expires_at(sequence, step, due, facts))


def expires_at(sequence: Sequence, step: Step, due: datetime, facts: Facts) -> datetime:
    """Until when a mail is worth sending: its kind's keeping, or `Drop after`, from its first permitted minute."""
    window = window_of(sequence, step, facts.business.window)
    closed = facts.business.closed if step.kind is not Kind.SERVICE else ()
    first = next_open(window, due, facts.zone, closed) or due
    return add(first, step.drop_after, facts.zone) if step.drop_after else first + MANNERS[step.kind].keeps


def window_of(sequence: Sequence, step: Step, business: Window) -> Window:
    """The window in force for a step: what is written nearest; service mail asks no business window."""
    written = step.window or sequence.window
    if written is not None:
        return written
    return Window.any() if step.kind is Kind.SERVICE else business


def passed(progress: Progress, step: Step, at: datetime | None) -> Progress:
    """The progress once a step is behind: `at` when a mail left (or may have left), None where nothing did."""
    behind = (*progress.passed, step.key)
    if at is None:
        return replace(progress, passed=behind)
    return replace(progress, passed=behind, last_done_at=at, last_mail_at=at, last_mail_step=step.key)


def _exit(sequence: Sequence, facts: Facts, now: datetime) -> Leave | None:
    goal = sequence.goal
    if goal and not goal.stay and _in_time(goal, facts, now) and _reached(goal, facts):
        return Leave("converted", "goal", f"Converted: {_words(goal)}.")
    for stop in sequence.stop:
        if _reached(stop, facts):
            return Leave("stopped", "stop", f"Stopped: {_words(stop)}.")
    return None


def _in_time(goal: Exit, facts: Facts, now: datetime) -> bool:
    return goal.within is None or now <= add(facts.entered_at, goal.within, facts.zone)


def _reached(way: Exit, facts: Facts) -> bool:
    name = way.event or way.same
    if name is not None:
        return any(each.name == name and each.at >= facts.entered_at for each in facts.happenings)
    return way.when is not None and facts.holds(way.when.source)


def _words(way: Exit) -> str:
    return f"“{way.event or way.same}” happened" if way.when is None else f"“{way.when.source}” holds"


def _at_most(sequence: Sequence, step: Step, facts: Facts) -> Leave | None:
    limit = sequence.at_most
    if limit is None or step.kind is Kind.SERVICE:
        return None
    if limit.unanswered:
        if facts.unanswered() < limit.count:
            return None
        return Leave("finished", "at-most", f"Finished: {limit.count} mails in a row without an answer.")
    if len(facts.mails()) < limit.count:
        return None
    return Leave("finished", "at-most", f"Finished: {limit.count} mails were sent, as many as it may send.")
