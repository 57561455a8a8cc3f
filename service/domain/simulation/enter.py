"""Letting the person into sequences, and keeping in view when they will enter by themselves.

Twin of `service.actions.enrol` and `service.actions.expect`, over a `Life` in the place of the database.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from service.domain.arm import draw_arm
from service.domain.entry import Occasion, answers, trigger_key, why_not_enter
from service.domain.moment import first
from service.domain.occurrence import ASK_AGAIN, Entered, awaited, awaits, silenced
from service.domain.schedule import Progress, needs_rhythm, turns
from service.domain.sequence.model.sequence import Sequence, Status
from service.domain.sequence.model.step import Step
from service.domain.simulation.inside import Inside
from service.domain.simulation.life import Life, Past
from service.domain.simulation.row import PLANNED, Row

NOT_ENTERED = frozenset({"awaited", "declined"})
MOVED = ("trigger_key", "began_by", "about", "progress", "data", "arm", "wake_at")  # of what is awaited at another time


def enrol_by(life: Life, occasion: Occasion) -> list[Inside]:
    """Every enrolment that an occasion begins."""
    found = (enrol(life, each, occasion) for each in life.library.sequences if answers(each, occasion))
    return [each for each in found if each is not None]


def enrol(life: Life, sequence: Sequence, occasion: Occasion) -> Inside | None:
    """One enrolment with its first touch planned; None where the sequence does not let the person in."""
    draft = _draft(life, sequence, occasion, life.now)
    if why_not_enter(sequence, life.facts(draft), last_entered(life, sequence), life.now) is not None:
        return None
    taken = next((each for each in life.insides if _is_same(each, draft)), None)
    if taken is None:
        plan_next(life, draft)
        life.take_in(draft)
        return draft
    if taken.state not in NOT_ENTERED:
        return None
    for name in MOVED:  # what was only awaited, or did not let the person in then, gives its place up
        setattr(taken, name, getattr(draft, name))
    taken.state, taken.why = "active", None
    plan_next(life, taken)
    return taken


def _is_same(inside: Inside, draft: Inside) -> bool:
    return inside.sequence is draft.sequence and inside.trigger_key == draft.trigger_key


def _draft(life: Life, sequence: Sequence, occasion: Occasion, at: datetime) -> Inside:
    inside = Inside(
        number=0,
        sequence=sequence,
        trigger_key=trigger_key(sequence, occasion),
        began_by=occasion.began_by,
        about=occasion.thing,
        progress=Progress(at),
        data=dict(occasion.data),
        arm=draw_arm(sequence, life.seed),
        wake_at=at,
    )
    if sequence.date is not None:
        inside.set_date(first(sequence, life.facts(inside).given(), at))
    return inside


def last_entered(life: Life, sequence: Sequence) -> datetime | None:
    """When the person entered a sequence last."""
    entered = (
        each.progress.entered_at for each in life.insides if each.sequence is sequence and each.state not in NOT_ENTERED
    )
    return max(entered, default=None)


def plan_next(life: Life, inside: Inside) -> None:
    """Plan the touch that comes next, and be woken when it is due; at once, where the person's past has to be asked."""
    if inside.state != "active":
        inside.wake_at = None
        return
    inside.wake_at = life.now
    if needs_rhythm(inside.sequence):
        return
    in_line = turns(inside.sequence, inside.progress, life.local())
    if in_line:
        inside.wake_at = in_line[0].due_at
        plan(life, inside, in_line[0].step, in_line[0].due_at)


def plan(life: Life, inside: Inside, step: Step, due_at: datetime) -> Row:
    """The touch of a step, with the time it has now; one that has gone on stays as it is."""
    row = life.find(inside, step)
    if row is None:
        return life.add(inside, step, due_at)
    if row.state == PLANNED:
        row.due_at = due_at
    return row


def expect_dates(life: Life) -> None:
    """After the person's fields changed: the next occurrence of every date."""
    expect(life, _begun_by(life, "date"))


def expect_visits(life: Life, event: str) -> None:
    """After an event: what its rhythm and its quiet time expect now."""
    expect(life, [*_begun_by(life, "rhythm", event), *_begun_by(life, "quiet", event)])


def _begun_by(life: Life, on: str, name: str = "") -> list[Sequence]:
    return [
        sequence
        for sequence in life.library.sequences
        if any(trigger.on == on and trigger.name == name for trigger in sequence.enrol.on)
    ]


def expect(life: Life, sequences: Iterable[Sequence]) -> None:
    """One awaited enrolment for each sequence that the person will enter by themselves: made, moved or taken away."""
    wanted = [sequence for sequence in sequences if sequence.status is Status.LIVE and awaits(sequence)]
    past = life.past() if wanted else None
    for sequence in wanted:
        _expect_one(life, sequence, past)


def _expect_one(life: Life, sequence: Sequence, past: Past | None) -> None:
    facts = life.facts(_draft(life, sequence, Occasion("date", "", ""), life.now), past)
    known = [each for each in life.insides if each.sequence is sequence]
    waiting = next((each for each in known if each.state == "awaited"), None)
    entered = [Entered(each.trigger_key, each.began_by, _date_at(each)) for each in known if each is not waiting]
    occurrence = awaited(sequence, facts, entered)
    if occurrence is None:
        if waiting is not None:
            life.insides.remove(waiting)
        return
    draft = _draft(life, sequence, occurrence.occasion, occurrence.enters_at)
    draft.state = "awaited"
    draft.set_date(occurrence.date)
    if waiting is None:
        life.take_in(draft)
        return
    for name in MOVED:
        setattr(waiting, name, getattr(draft, name))


def _date_at(inside: Inside) -> datetime | None:
    return inside.progress.date.at if inside.progress.date else None


def enter(life: Life, inside: Inside, past: Past) -> bool:
    """The time of an awaited enrolment has come: whether the person enters now. The next one is awaited as well."""
    facts = life.facts(inside, past)
    if silenced(inside.began_by, inside.trigger_key, facts):
        inside.wake_at, inside.why = life.now + ASK_AGAIN, "Waits: an appointment is booked."
        return False
    reason = why_not_enter(inside.sequence, facts, last_entered(life, inside.sequence), life.now)
    inside.why = reason
    if reason is None:
        inside.state, inside.progress = "active", replace(inside.progress, entered_at=life.now)
    else:
        inside.state, inside.wake_at = "declined", None
    expect(life, [inside.sequence])
    return reason is None
