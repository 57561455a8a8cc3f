"""What a new version of a sequence means for one person: what is taken back, what comes next, and when.

Done steps stay done. The next step is the first, in the new order, behind the last one done; a removed step is
passed, and one that comes back is owed again; a changed delay counts from where it always counted. A step whose time
the new version put into the past is due since that version, so that it is received and not expired.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Sequence as Ordered
from dataclasses import dataclass, replace
from datetime import datetime

from service.domain.departure import GONE, Leave, at_most
from service.domain.enrolment import Move, next_move
from service.domain.facts import Facts
from service.domain.moment import Moment, first, resolve
from service.domain.schedule import Local, Progress, Turn, is_dated, last_passed, needs_rhythm, next_step, turns
from service.domain.sequence.expression import ExpressionError
from service.domain.sequence.model.sequence import Sequence

PLANNED = "planned"
WAITING = frozenset({"due", "held", "cleared"})  # may still be taken back
HANDED = "handed"
TAKEN_BACK = frozenset({GONE, "moved-up"})  # the rules by which a step that comes back is owed again


@dataclass(frozen=True, slots=True)
class Row:
    """A touch of an enrolment that has not come to its end, or was taken back by a publication (`rule`)."""

    step: str
    state: str
    due_at: datetime
    rule: str | None = None


@dataclass(frozen=True, slots=True)
class Drop:
    """A touch that is taken back: the step is passed."""

    step: str
    rule: str
    reason: str


@dataclass(frozen=True, slots=True)
class Replan:
    """What is to be noted. `progress` and `facts` are as the new version sees them; `forgotten` are planned touches
    that are not next any more, or may be planned again: nothing ever happened with them. `turns` are the touches in
    line with their times. `move` is the core's next move, None where its exits can't be asked."""

    progress: Progress
    facts: Facts
    drops: tuple[Drop, ...]
    forgotten: tuple[str, ...]
    turns: tuple[Turn, ...]
    waiting: frozenset[str]
    move: Move | None


def replan(sequence: Sequence, progress: Progress, facts: Facts, now: datetime, rows: Ordered[Row]) -> Replan:
    """What follows for one enrolment from the version in force. `rows` are those of its own touches."""
    facts = _as_of(sequence, facts, now, rows)
    if progress.date != facts.date:
        progress = replace(progress, date=facts.date)
    drops = tuple(_drops(sequence, progress, rows))
    kept = [row for row in rows if row.step not in {drop.step for drop in drops} and row.rule not in TAKEN_BACK]
    progress, waiting = standing(sequence, progress, kept)
    local = facts.local(sequence)
    in_line = turns(sequence, progress, local)
    front = next((turn for turn in in_line if not is_dated(turn.step)), None)
    if waiting or front is None or not _stays_late(front, kept, now):
        progress = replace(progress, replanned_at=now)
        in_line = in_line if front is None or front.due_at >= now else turns(sequence, progress, local)
    forgotten = tuple(row.step for row in rows if _is_forgotten(sequence, row, kept, front))
    try:
        move = next_move(sequence, progress, facts, now, waiting=waiting)
    except ExpressionError:
        move = None
    return Replan(progress, facts, drops, forgotten, tuple(in_line), waiting, move)


def _stays_late(front: Turn, rows: Iterable[Row], now: datetime) -> bool:
    """Whether the next step was due already, at this very time: a new version is no reason to take it for fresh."""
    return front.due_at < now and any(
        row.state == PLANNED and (row.step, row.due_at) == (front.step.key, front.due_at) for row in rows
    )


def _as_of(sequence: Sequence, facts: Facts, now: datetime, rows: Iterable[Row]) -> Facts:
    """The facts with the date as the new version has it, and without what may be owed again."""
    back = {row.step for row in rows if row.rule in TAKEN_BACK}
    date = _date(sequence, facts, now)
    if not back and date == facts.date:
        return facts
    own = facts.enrolment_id
    touches = tuple(each for each in facts.touches if each.enrolment_id != own or each.step not in back)
    return replace(facts, date=date, touches=touches)


def asks_the_past(sequence: Sequence) -> bool:
    """Whether it takes conditions on a person's past to tell when their next touch comes.

    Whether a step that is due is done does not count here; that is asked when it is.
    """
    exits = [*sequence.stop, *([sequence.goal] if sequence.goal else [])]
    asked = [way.when for way in exits if way.when] + [step.wait_for for step in sequence.steps if step.wait_for]
    return any("(" in each.source for each in asked)


def asks_events(sequence: Sequence) -> bool:
    """Whether it takes what happened to a person: an event that ends it, their rhythm."""
    exits = [*sequence.stop, *([sequence.goal] if sequence.goal else [])]
    by_rhythm = any(trigger.on == "rhythm" for trigger in sequence.enrol.on)
    return any(way.when is None for way in exits) or by_rhythm or needs_rhythm(sequence)


def may_reopen(sequence: Sequence, found: Replan) -> bool:
    """Whether somebody who had finished gets anything more."""
    step = next_step(sequence, found.progress.passed)
    tired = at_most(sequence, step, found.facts) if step else None
    return found.move is not None and not isinstance(found.move, Leave) and tired is None


def standing(sequence: Sequence, progress: Progress, rows: Iterable[Row]) -> tuple[Progress, frozenset[str]]:
    """How far the person is, and which steps hold those behind them.

    A dated mail that was handed over can't be taken back and holds nothing: it counts as behind.
    """
    open_rows = [row for row in rows if row.state in WAITING or row.state == HANDED]
    handed = {row.step for row in open_rows if row.state == HANDED}
    gone = tuple(step.key for step in sequence.steps if is_dated(step) and step.key in handed)
    waiting = frozenset(row.step for row in open_rows) - set(gone)
    return replace(progress, passed=(*progress.passed, *gone)) if gone else progress, waiting


def _date(sequence: Sequence, facts: Facts, now: datetime) -> Moment | None:
    """Where the date lies now; a version that is the first to count from one takes the next that lies ahead."""
    if facts.date is not None or sequence.date is None:
        return resolve(sequence, facts.given(), facts.date)
    return first(sequence, facts.given(), now)


def _drops(sequence: Sequence, progress: Progress, rows: Iterable[Row]) -> Iterable[Drop]:
    places = {step.key: place for place, step in enumerate(sequence.steps)}
    last = max((places[key] for key in progress.passed if key in places), default=-1)
    for row in rows:
        if row.state not in WAITING and row.state != PLANNED:
            continue
        step = sequence.step(row.step)
        if step is None:
            yield Drop(row.step, GONE, "Passed: the step was taken out of its sequence.")
        elif row.state == PLANNED and not is_dated(step) and places[row.step] <= last:
            yield Drop(row.step, "moved-up", "Passed: the step was moved before one that is done already.")


def _is_forgotten(sequence: Sequence, row: Row, kept: Iterable[Row], front: Turn | None) -> bool:
    step = sequence.step(row.step)
    if step is None or row.rule in TAKEN_BACK:
        return step is not None
    return row in kept and row.state == PLANNED and not is_dated(step) and (front is None or step is not front.step)


def ahead(sequence: Sequence, progress: Progress, local: Local, now: datetime) -> set[str]:
    """The steps a person has before them: the undated ones behind the last one done, the dated ones still to come."""
    behind, last = set(progress.passed), last_passed(sequence, progress.passed)
    in_line = {step.key for step in sequence.steps[last + 1 :] if not is_dated(step)}
    if any(is_dated(step) for step in sequence.steps):
        in_line |= {turn.step.key for turn in turns(sequence, progress, local) if _is_to_come(turn, now)}
    return in_line - behind


def _is_to_come(turn: Turn, now: datetime) -> bool:
    return is_dated(turn.step) and turn.due_at > now
