"""What a new version of a sequence means for one person: what is taken back, what comes next, and when.

Done steps stay done. The next step is the first, in the new order, behind the last one done; a removed step is
passed, and one that comes back is owed again; a changed delay counts from where it always counted. A step whose time
the new version put into the past is due since that version, so that it is received and not expired.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from collections.abc import Sequence as Ordered
from dataclasses import dataclass, replace
from datetime import datetime

from service.domain.departure import Convert, Leave, at_most
from service.domain.effect import Retag, SetField, effects
from service.domain.enrolment import Move, Open, Recall, Skip, Wait, next_move, passed
from service.domain.facts import Facts
from service.domain.happening import Touch
from service.domain.moment import Moment, first, resolve
from service.domain.schedule import Progress, Turn, is_dated, next_step, turns
from service.domain.sequence.expression import ExpressionError
from service.domain.sequence.model import Sequence, Step

PLANNED = "planned"
WAITING = frozenset({"due", "held", "cleared"})  # may still be taken back
HANDED = "handed"
TAKEN_BACK = frozenset({"removed", "moved-up"})  # the rules by which a step that comes back is owed again


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
    facts = replace(facts, date=_date(sequence, facts, now))
    progress = replace(progress, date=facts.date)
    drops = tuple(_drops(sequence, progress, rows))
    kept = [row for row in rows if row.step not in {drop.step for drop in drops} and row.rule not in TAKEN_BACK]
    progress, waiting = standing(sequence, progress, kept)
    progress = _since(sequence, progress, facts, now, kept, waiting)
    front = next_step(sequence, progress.passed)
    forgotten = tuple(row.step for row in rows if _is_forgotten(sequence, row, kept, front))
    in_line = tuple(turns(sequence, progress, facts.local(sequence)))
    try:
        move = next_move(sequence, progress, facts, now, waiting=waiting)
    except ExpressionError:
        move = None
    return Replan(progress, facts, drops, forgotten, in_line, waiting, move)


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
    return replace(progress, passed=(*progress.passed, *gone)), waiting


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
            yield Drop(row.step, "removed", "Passed: the step was taken out of its sequence.")
        elif row.state == PLANNED and not is_dated(step) and places[row.step] <= last:
            yield Drop(row.step, "moved-up", "Passed: the step was moved before one that is done already.")


def _is_forgotten(sequence: Sequence, row: Row, kept: Iterable[Row], front: Step | None) -> bool:
    step = sequence.step(row.step)
    if row.rule in TAKEN_BACK:
        return step is not None
    return row in kept and row.state == PLANNED and step is not None and not is_dated(step) and step is not front


def _since(
    sequence: Sequence,
    progress: Progress,
    facts: Facts,
    now: datetime,
    rows: Iterable[Row],
    waiting: Collection[str],
) -> Progress:
    """From when on the new version counts: only a step that was due already, at this very time, stays late."""
    front = next((turn for turn in turns(sequence, progress, facts.local(sequence)) if not is_dated(turn.step)), None)
    planned = {(row.step, row.due_at) for row in rows if row.state == PLANNED}
    if front is not None and not waiting and front.due_at < now and (front.step.key, front.due_at) in planned:
        return progress
    return replace(progress, replanned_at=now)


@dataclass(frozen=True, slots=True)
class Foresight:
    """What the engine will do at once, and what comes after: the person waits, or leaves."""

    progress: Progress
    facts: Facts
    opened: tuple[Open, ...]
    skipped: tuple[Skip, ...]
    waiting: frozenset[str]
    then: Wait | Leave


@dataclass(slots=True)
class _Way:
    """How far looking ahead has come."""

    progress: Progress
    facts: Facts
    waiting: set[str]
    over: set[str]
    opened: list[Open]
    skipped: list[Skip]

    def go(self, move: Open | Skip | Recall | Convert, now: datetime) -> None:
        if isinstance(move, Convert):
            self.progress = replace(self.progress, converted=True)
        elif isinstance(move, Open):
            self.open(move, now)
        else:
            self.waiting.discard(move.step.key)
            if isinstance(move, Skip):
                self.skipped.append(move)
                self.progress = passed(self.progress, move.step, None, move.over_at)

    def open(self, move: Open, now: datetime) -> None:
        step = move.step
        if step.key in self.over:  # it was done once already
            self.progress = passed(self.progress, step, None, now)
            return
        self.opened.append(move)
        if move.overdue:
            self.facts = replace(self.facts, caught_up_at=now)
        if step.is_email:
            self.waiting.add(step.key)
            return
        self.progress = passed(self.progress, step, now)
        if step.task is None:
            self.facts = _carried_out(self.facts, step, now)


def foresee(sequence: Sequence, progress: Progress, facts: Facts, now: datetime, waiting: Collection[str]) -> Foresight:
    """All that happens to one enrolment at `now`, as `service.actions.advance` carries it out.

    What an action sets or tags is known to what follows; what it does to other sequences is not looked into.
    """
    over = {touch.step for touch in facts.touches if touch.enrolment_id == facts.enrolment_id and _is_over(touch)}
    way = _Way(progress, facts, set(waiting), over, [], [])
    while True:  # ends: every turn but the last opens a step or puts one behind, and there are finitely many
        try:
            move = next_move(sequence, way.progress, way.facts, now, waiting=way.waiting)
        except ExpressionError as error:
            move = Wait(None, reason=str(error))
        if isinstance(move, Wait | Leave):
            return Foresight(
                way.progress, way.facts, tuple(way.opened), tuple(way.skipped), frozenset(way.waiting), move
            )
        way.go(move, now)


def _is_over(touch: Touch) -> bool:
    return touch.state not in WAITING and touch.state not in {PLANNED, HANDED}


def _carried_out(facts: Facts, step: Step, now: datetime) -> Facts:
    contact = dict(facts.contact)
    try:
        wanted = effects(step, facts)
    except ExpressionError:
        wanted = ()
    for effect in wanted:
        match effect:
            case SetField(name=name, value=value):
                contact[name] = value
            case Retag(add=add, remove=remove):
                tags = [tag for tag in contact.get("tags") or () if tag not in remove]
                contact["tags"] = [*tags, *(tag for tag in add if tag not in tags)]
    touch = Touch(facts.enrolment_id, facts.sequence, step.key, "done", 0, now)
    return replace(facts, contact=contact, touches=(*facts.touches, touch))
